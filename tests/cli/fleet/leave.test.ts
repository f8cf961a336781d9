import { expect, test } from 'bun:test'
import { leaveUsage } from '../../../src/cli/fleet/leave.ts'
import { StoreBusyError } from '../../../src/core/errors.ts'
import type { Store } from '../../../src/store/store.ts'
import { failureOf } from '../../helpers/failure.ts'
import { MemoryFleet } from '../../helpers/memory-fleet.ts'
import { aPool, busy, idle, NOW, usageOf } from '../../helpers/pools.ts'
import { ownName } from '../../helpers/users.ts'

const times = { pool: aPool({ gpus: 2 }), now: NOW, askedAt: NOW - 5 }

/** A store whose others hear of nothing. */
function deaf(leave: NonNullable<Store['fleet']>['leave']): Store {
  const store = new MemoryFleet([])
  return Object.assign(store, { fleet: { ...store.fleet, leave } })
}

test('others are told of the GPUs of the pool, and of the users whom only this host knows', async () => {
  const store = new MemoryFleet([])
  await leaveUsage(store, usageOf(busy(500, process.pid, 99_999_999), busy(0), busy(9)), times)
  const [left] = store.left
  expect([...(left?.usage.gpus.keys() ?? [])]).toEqual([0, 1])
  const names = left?.usage.gpus.get(0)?.processes.map(({ userName }) => userName)
  expect(names).toEqual([ownName, null])
})

test('nobody is told where the tool has failed, or where there are no others', async () => {
  const store = new MemoryFleet([])
  await leaveUsage(store, null, times)
  await leaveUsage(Object.assign(new MemoryFleet([]), { fleet: null }), idle(2), times)
  expect(store.left).toEqual([])
})

test('a command is done also when the others cannot be told, but for a bug', async () => {
  const busyServer = new StoreBusyError('redis://x', 5000, null)
  await leaveUsage(
    deaf(() => Promise.reject(busyServer)),
    idle(2),
    times,
  )
  await leaveUsage(
    deaf(() => new Promise(() => {})),
    idle(2),
    times,
  )
  const bug = new TypeError('x is not a function')
  expect(
    await failureOf(
      leaveUsage(
        deaf(() => Promise.reject(bug)),
        idle(2),
        times,
      ),
    ),
  ).toBe(bug)
})
