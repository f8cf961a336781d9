import { describe, expect, test } from 'bun:test'
import { startedCommandOf } from '../../src/process/command-of.ts'
import { ChildProcess, identityOf } from '../helpers/child-process.ts'
import { aHolder, aRun } from '../helpers/pools.ts'
import { commandLine } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'

const uid = process.getuid?.() ?? 0

/** What is found for a reservation of a user that names a process of ours, which was started with a few variables. */
async function foundFor(holderUid: number, ...variables: string[]) {
  await using child = new ChildProcess(['env', '-i', ...variables, 'sleep', '600'])
  await until(() => commandLine(child.pid)[0] === 'sleep')
  const identity = identityOf(child.pid)
  return (
    startedCommandOf(aRun({ id: 'mine', holder: aHolder(holderUid), processes: [identity] })) === identity
  )
}

test('a process that has the id of the reservation is its command', async () => {
  expect(await foundFor(uid, 'PATH=/bin', 'CANHAZGPU_RESERVATION=mine')).toBe(true)
  expect(await foundFor(uid, 'PATH=/bin', 'CANHAZGPU_RESERVATION=another')).toBe(false)
  expect(await foundFor(uid, 'PATH=/bin')).toBe(false)
})

describe('a process whose environment cannot be read', () => {
  test('is the command of a reservation of its user', async () => {
    expect(await foundFor(uid)).toBe(true)
  })

  test.skipIf(uid !== 0)('is not to be ended by root for the reservation of another', async () => {
    expect(await foundFor(4999)).toBe(false)
  })
})
