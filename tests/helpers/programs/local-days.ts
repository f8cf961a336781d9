/** Prints the last days of the local calendar at an instant, as JSON. */

import { localDays } from '../../../src/cli/local-days.ts'

const [now, count] = process.argv.slice(2).map(Number)
console.log(JSON.stringify(localDays(now ?? 0, count ?? 0)))
