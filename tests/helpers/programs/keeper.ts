/**
 * A keeper whose duties are told and not done: `IDENTITIES RHYTHM ANSWERS`, all JSON. It prints a line for each duty and answers
 * it with the next of the answers (`true`, `false`, or `fails`); when there are none left it is a heartbeat that went well.
 */

import type { ProcessIdentity } from '../../../src/core/pool.ts'
import { keep, type Rhythm } from '../../../src/process/keeper.ts'

const [identities, rhythm, answers] = process.argv.slice(2).map(text => JSON.parse(text)) as [
  ProcessIdentity[],
  Rhythm,
  (boolean | 'fails')[],
]

async function told(duty: string): Promise<boolean> {
  console.log(duty)
  const answer = answers.shift() ?? true
  if (answer === 'fails') throw new Error('the store does not answer')
  return answer
}

await keep(
  identities,
  {
    heartbeat: () => told('heartbeat'),
    release: async () => {
      await told('release')
    },
  },
  rhythm,
)
console.log('end')
