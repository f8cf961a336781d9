import { describe, expect, test } from 'bun:test'
import { poolStatus } from '../../src/core/status.ts'
import type { Usage } from '../../src/core/usage.ts'
import { situation } from '../helpers/arbitrary-pools.ts'
import fc from '../helpers/fast-check.ts'
import {
  aHolder,
  aManual,
  aPool,
  aRun,
  busy,
  idle,
  MINUTE,
  NOW,
  someFacts,
  usageOf,
} from '../helpers/pools.ts'
import { isOver, reservationOf, seenAs } from '../helpers/reference.ts'

const facts = (usage: Usage | null) => ({ ...someFacts(), usage })

describe('a GPU that nobody has reserved', () => {
  test.each([
    ['idle', busy(0), 0],
    ['idle with some memory used', busy(45), 45],
    ['idle, memory unknown', busy(null), null],
  ])('%s is available', (_, seen, memoryMiB) => {
    expect(poolStatus(aPool({ gpus: [NOW - 7] }), facts(usageOf(seen)))).toEqual([
      {
        index: 0,
        state: 'available',
        lastReleasedAt: NOW - 7,
        validation: { kind: 'idle', memoryMiB, unusedSince: null },
      },
    ])
  })

  test.each([
    ['processes on it', busy(1024, 12345, 67890), 1024],
    ['a process, memory unknown', busy(null, 5), null],
    ['memory used by nobody to be seen', busy(500), 500],
  ])('with %s is in use without reservation', (_, seen, memoryMiB) => {
    expect(poolStatus(aPool({ gpus: 1 }), facts(usageOf(seen)))).toEqual([
      { index: 0, state: 'in-use-without-reservation', memoryMiB, processes: seen.processes, drain: null },
    ])
  })

  test('that the tool does not report is unavailable, with the name of the tool', () => {
    expect(poolStatus(aPool({ gpus: 2 }), facts(usageOf(busy(0))))[1]).toEqual({
      index: 1,
      state: 'unavailable',
      tool: 'nvidia-smi',
    })
  })

  test('is available, not validated, when the tool failed', () => {
    expect(poolStatus(aPool({ gpus: [5] }), facts(null))).toEqual([
      { index: 0, state: 'available', lastReleasedAt: 5, validation: { kind: 'not-validated' } },
    ])
  })
})

describe('a reserved GPU', () => {
  const reservation = aRun()
  const pool = aPool({ gpus: 1, reservations: [reservation] })
  test.each([
    ['used', busy(8452, 1), { kind: 'in-use', memoryMiB: 8452, processCount: 1 }],
    [
      'used by several processes, memory unknown',
      busy(null, 1, 2, 3),
      { kind: 'in-use', memoryMiB: null, processCount: 3 },
    ],
    ['with memory used by nobody to be seen', busy(101), { kind: 'in-use', memoryMiB: 101, processCount: 0 }],
    ['idle', busy(100), { kind: 'idle', memoryMiB: 100, unusedSince: null }],
    ['that the tool does not report', null, { kind: 'not-reported', tool: 'nvidia-smi' }],
  ] as const)('%s', (_, seen, validation) => {
    expect(poolStatus(pool, facts(usageOf(seen)))).toEqual([
      { index: 0, state: 'reserved', reservation, validation, drain: null },
    ])
  })

  test('is not validated when the tool failed', () => {
    expect(poolStatus(pool, facts(null))).toEqual([
      { index: 0, state: 'reserved', reservation, validation: { kind: 'not-validated' }, drain: null },
    ])
  })

  test('says that it is drained, and so does one in use without a reservation', () => {
    const drain = { at: NOW - 7, by: aHolder(), note: 'broken' }
    const drained = aPool({ gpus: [{ drain }, { drain }], reservations: [reservation] })
    expect(poolStatus(drained, facts(usageOf(busy(0), busy(500))))).toMatchObject([
      { state: 'reserved', drain },
      { state: 'in-use-without-reservation', drain },
    ])
  })
})

test('shows every GPU of the pool by ascending number, and none that is not in it', () => {
  const pool = aPool({ gpus: 3, reservations: [aManual({ gpus: [0, 2] })] })
  expect(poolStatus(pool, facts(idle(8))).map(({ index, state }) => [index, state])).toEqual([
    [0, 'reserved'],
    [1, 'available'],
    [2, 'reserved'],
  ])
})

test('shows what is over as released when it ended, though nobody has written it down yet', () => {
  const reservations = [
    aManual({ gpus: [0], expiresAt: NOW - 3000 }),
    aRun({ gpus: [1], heartbeatAt: NOW - 2000 }),
  ]
  const status = poolStatus(aPool({ gpus: 2, reservations }), {
    ...facts(idle(2)),
    sightings: new Map([['run-1', 'gone']]),
  })
  expect(status).toMatchObject([
    { state: 'available', lastReleasedAt: NOW - 3000 },
    { state: 'available', lastReleasedAt: NOW - 2000 },
  ])
})

test('says of every GPU what a request would find, in any situation', () => {
  const toolFailed = fc.boolean()
  fc.assert(
    fc.property(situation, toolFailed, ({ pool, facts: { usage: seen, ...rest } }, toolFailed) => {
      const usage = toolFailed ? null : seen
      const statuses = poolStatus(pool, { ...rest, usage })
      expect(statuses.map(({ index }) => index)).toEqual(pool.gpus.map(({ index }) => index))
      for (const status of statuses) {
        const reservation = reservationOf(pool, status.index, rest.sightings, NOW)
        if (status.state === 'reserved') expect<unknown>(status.reservation).toEqual(reservation)
        const state = {
          idle: 'available',
          busy: 'in-use-without-reservation',
          unseen: toolFailed ? 'available' : 'unavailable',
        }[seenAs(usage, status.index, 100)]
        expect<string>(status.state).toBe(reservation ? 'reserved' : state)
        if (status.state === 'available') expect(status.lastReleasedAt).toBe(releasedAt(status.index))
      }

      function releasedAt(index: number): number | null {
        const last = pool.reservations.find(({ gpus }) => gpus.includes(index))
        if (!last) return pool.gpus[index]?.lastReleasedAt ?? null
        expect(isOver(last, rest.sightings, NOW)).toBe(true)
        if (last.type === 'manual') return last.expiresAt
        const isKept = rest.sightings.get(last.id) === 'ended'
        return isKept ? Math.min(NOW, last.heartbeatAt + MINUTE) : last.heartbeatAt
      }
    }),
    { numRuns: 1000 },
  )
})
