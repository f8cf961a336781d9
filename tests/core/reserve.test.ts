import { describe, expect, test } from 'bun:test'
import { applyChanges } from '../../src/core/changes.ts'
import { NotEnoughGpusError } from '../../src/core/errors.ts'
import { reserve } from '../../src/core/reserve.ts'
import { grantedBy, poolChanges, refusedBy } from '../helpers/answers.ts'
import { situation } from '../helpers/arbitrary-pools.ts'
import fc from '../helpers/fast-check.ts'
import {
  aHolder,
  aManual,
  anyGpus,
  aPool,
  aProcess,
  aRequest,
  aRun,
  busy,
  HOUR,
  idle,
  NOW,
  someFacts,
  usageOf,
} from '../helpers/pools.ts'
import { isOver, reservationOf, seenAs } from '../helpers/reference.ts'

test('gives a manual reservation that ends after its duration', () => {
  const holder = aHolder(1001)
  const decision = reserve(
    aPool(),
    aRequest({ holder, wanted: anyGpus(2), until: { durationMs: 4 * HOUR } }),
    someFacts(),
  )
  const reservation = grantedBy(decision)
  expect(reservation).toEqual({
    id: 'new',
    type: 'manual',
    holder,
    alias: null,
    note: null,
    gpus: [0, 1],
    reservedAt: NOW,
    waitedMs: 0,
    unusedGpuMs: 0,
    expiresAt: NOW + 4 * HOUR,
    idleWarnedAt: null,
  })
  expect(poolChanges(decision.changes)).toEqual([{ kind: 'add', reservation }])
})

test('gives a run reservation that is bound to its process and has just shown a sign of life', () => {
  const process = aProcess(99)
  const until = { process, durationMs: null }
  expect(grantedBy(reserve(aPool(), aRequest({ until }), someFacts()))).toEqual({
    id: 'new',
    type: 'run',
    holder: aHolder(),
    alias: null,
    note: null,
    gpus: [0],
    reservedAt: NOW,
    waitedMs: 0,
    unusedGpuMs: 0,
    processes: [process],
    heartbeatAt: NOW,
    endsAt: null,
  })
})

test('gives the GPUs that were released longest ago, never used ones first, by ascending number', () => {
  const pool = aPool({ gpus: [NOW - 1, NOW - 9, NOW - 5, null, NOW - 9] })
  const gpusFor = (count: number) =>
    grantedBy(reserve(pool, aRequest({ wanted: anyGpus(count) }), someFacts())).gpus
  expect([1, 2, 3, 4, 5].map(gpusFor)).toEqual([[3], [1, 3], [1, 3, 4], [1, 2, 3, 4], [0, 1, 2, 3, 4]])
})

test('passes over GPUs that are reserved, in use or not reported', () => {
  const pool = aPool({ gpus: 5, reservations: [aManual({ gpus: [0] })] })
  const usage = usageOf(busy(0), busy(0, 4711), null, busy(8000), busy(0))
  expect(grantedBy(reserve(pool, aRequest(), someFacts({ usage }))).gpus).toEqual([4])
})

test('gives a GPU with memory used up to the threshold, and none with more', () => {
  const pool = aPool({ gpus: 2 })
  const usage = usageOf(busy(501), busy(500))
  const facts = someFacts({ usage, memoryThresholdMiB: 500 })
  expect(grantedBy(reserve(pool, aRequest(), facts)).gpus).toEqual([1])
})

test('gives a GPU whose memory is unknown when no process is on it', () => {
  const facts = someFacts({ usage: usageOf(busy(null, 1), busy(null)) })
  expect(grantedBy(reserve(aPool({ gpus: 2 }), aRequest(), facts)).gpus).toEqual([1])
})

test('never gives a GPU of the host that is not in the pool', () => {
  const refused = refusedBy(
    reserve(aPool({ gpus: 1 }), aRequest({ wanted: anyGpus(2) }), someFacts()),
    NotEnoughGpusError,
  )
  expect(refused.shortage).toMatchObject({ available: 1, poolSize: 1 })
})

test('gives the GPUs of a holder that is gone, and of one whose time is over, in the same step', () => {
  const [dead, expired] = [
    aRun({ id: 'dead', gpus: [0], heartbeatAt: NOW - 20 }),
    aManual({ id: 'expired', gpus: [1], expiresAt: NOW - 10 }),
  ]
  const pool = aPool({ gpus: 2, reservations: [dead, expired] })
  const facts = someFacts({ sightings: new Map([['dead', 'gone']]) })
  const decision = reserve(pool, aRequest({ wanted: anyGpus(2) }), facts)
  const reservation = grantedBy(decision)
  expect(poolChanges(decision.changes)).toEqual([
    { kind: 'remove', id: 'dead', releasedAt: NOW - 20 },
    { kind: 'remove', id: 'expired', releasedAt: NOW - 10 },
    { kind: 'add', reservation },
  ])
  expect(reservation.gpus).toEqual([0, 1])
})

test('does not give the GPU of a holder that is gone while something still computes on it', () => {
  const pool = aPool({ gpus: 1, reservations: [aRun()] })
  const facts = someFacts({ sightings: new Map([['run-1', 'gone']]), usage: usageOf(busy(900, 5)) })
  const { shortage } = refusedBy(reserve(pool, aRequest(), facts), NotEnoughGpusError)
  expect(shortage).toMatchObject({ reserved: 0, inUseWithoutReservation: 1 })
})

test('counts the place of a GPU in the line from the end of its dead holder', () => {
  const dead = aRun({ gpus: [0], heartbeatAt: NOW - 50 })
  const pool = aPool({ gpus: [null, NOW - 40, NOW - 60], reservations: [dead] })
  const facts = someFacts({ sightings: new Map([['run-1', 'gone']]) })
  const gpusFor = (count: number) =>
    grantedBy(reserve(pool, aRequest({ wanted: anyGpus(count) }), facts)).gpus
  expect([gpusFor(1), gpusFor(2)]).toEqual([[2], [0, 2]])
})

test('gives nothing more to a request that was granted before, when the answer was lost on its way', () => {
  for (const until of [{ durationMs: HOUR }, { process: aProcess(), durationMs: null }]) {
    const pool = aPool({ reservations: [aManual({ id: 'other', gpus: [0] })] })
    const request = aRequest({ wanted: anyGpus(2), until })
    const first = reserve(pool, request, someFacts())
    const granted = applyChanges(pool, first.changes) ?? pool
    expect(reserve(granted, request, someFacts())).toEqual({
      changes: [],
      result: { kind: 'granted', reservation: grantedBy(first) },
    })
  }
})

describe('refuses', () => {
  test('with a count for each reason, each GPU in one of them', () => {
    const reservations = [aRun({ gpus: [0, 1] }), aManual({ gpus: [2] })]
    // GPU 0 and 2 are reserved and in use or unknown besides: reserved is what counts.
    const usage = usageOf(busy(9000, 1), busy(0), null, busy(0, 2), busy(700), null, busy(0), busy(0))
    const { shortage, exitStatus } = refusedBy(
      reserve(aPool({ reservations }), aRequest({ wanted: anyGpus(3) }), someFacts({ usage })),
      NotEnoughGpusError,
    )
    expect(shortage).toEqual({
      requested: 3,
      available: 2,
      poolSize: 8,
      reserved: 3,
      inUseWithoutReservation: 2,
      notValidated: 1,
      drained: 0,
      waitingBefore: 0,
    })
    expect(exitStatus).toBe(75)
  })

  test('more than the pool has with exit status 1, because waiting does not help', () => {
    const refused = refusedBy(
      reserve(aPool(), aRequest({ wanted: anyGpus(9) }), someFacts()),
      NotEnoughGpusError,
    )
    expect(refused.shortage).toMatchObject({ requested: 9, available: 8, poolSize: 8 })
    expect(refused.exitStatus).toBe(1)
  })

  test('everybody when the tool reported no GPU at all', () => {
    const { shortage } = refusedBy(
      reserve(aPool(), aRequest(), someFacts({ usage: idle(0) })),
      NotEnoughGpusError,
    )
    expect(shortage).toMatchObject({ available: 0, notValidated: 8 })
  })
})

test('is all or nothing, gives only what was seen idle, and counts truly, in any situation', () => {
  fc.assert(
    fc.property(situation, fc.integer({ min: 1, max: 13 }), ({ pool, facts }, count) => {
      const before = structuredClone(pool)
      const states = pool.gpus.map(({ index }) =>
        reservationOf(pool, index, facts.sightings, NOW) ? 'reserved' : seenAs(facts.usage, index, 100),
      )
      const numberOf = (wanted: string) => states.filter(state => state === wanted).length
      const request = aRequest({ wanted: anyGpus(count) })
      if (numberOf('idle') < count) {
        const { shortage } = refusedBy(reserve(pool, request, facts), NotEnoughGpusError)
        expect(shortage).toEqual({
          requested: count,
          available: numberOf('idle'),
          poolSize: pool.gpus.length,
          reserved: numberOf('reserved'),
          inUseWithoutReservation: numberOf('busy'),
          notValidated: numberOf('unseen'),
          drained: 0,
          waitingBefore: 0,
        })
      } else {
        const decision = reserve(pool, request, facts)
        const reservation = grantedBy(decision)
        expect(reservation.gpus.length).toBe(count)
        expect(new Set(reservation.gpus).size).toBe(count)
        expect(reservation.gpus.every(index => states[index] === 'idle')).toBe(true)
        const unobserved = applyChanges(pool, poolChanges(decision.changes))
        expect(unobserved?.reservations).toEqual([
          ...pool.reservations.filter(reservation => !isOver(reservation, facts.sightings, NOW)),
          reservation,
        ])
      }
      expect(pool).toEqual(before)
    }),
    { numRuns: 2000 },
  )
})
