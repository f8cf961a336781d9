/** Reads moments on the local clock: `[[TEXT, NOW], …]` as JSON. A line of JSON with the instant of each; null for none. */

import { instantOf, parseClockTime } from '../../../src/cli/until.ts'

const asked = JSON.parse(process.argv[2] ?? '[]') as [text: string, now: number][]
const answers = asked.map(([text, now]) => {
  const time = parseClockTime(text)
  return time && instantOf(time, now)
})
console.log(JSON.stringify(answers))
