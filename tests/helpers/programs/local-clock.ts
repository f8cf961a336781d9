/** Prints instants, separated by spaces, as the local clock shows them: a line each. */

import { localClock } from '../../../src/cli/output/local-clock.ts'

console.log(
  (process.argv[2] ?? '')
    .split(' ')
    .map(at => localClock(Number(at)))
    .join('\n'),
)
