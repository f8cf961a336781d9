import { describe, expect, test } from 'bun:test'
import { type Authority, administer, type Wish } from '../../src/core/administer.ts'
import { applyChanges } from '../../src/core/changes.ts'
import {
  GpusHeldError,
  NoSuchGpuError,
  NotAdministratorError,
  NotEnoughGpusError,
  PoolAlreadyInitializedError,
  PoolNotInitializedError,
} from '../../src/core/errors.ts'
import type { Pool } from '../../src/core/pool.ts'
import { reserve } from '../../src/core/reserve.ts'
import { eventsOf, recordsOf, refusedBy } from '../helpers/answers.ts'
import { situation } from '../helpers/arbitrary-pools.ts'
import fc from '../helpers/fast-check.ts'
import {
  aHolder,
  aManual,
  anEntry,
  anyGpus,
  aPool,
  aProcess,
  aRequest,
  aRun,
  exactly,
  idle,
  MINUTE,
  NOW,
  someFacts,
} from '../helpers/pools.ts'
import { thrownBy } from '../helpers/thrown.ts'

const [root, alice] = [aHolder(0), aHolder(1000)]
const byRoot: Authority = { by: root, path: 'sqlite:/pool.db', administrator: root }

function decide(pool: Pool | null, wish: Partial<Wish>, authority = byRoot, sightings = new Map()) {
  const whole: Wish = {
    gpuCount: null,
    provider: 'nvidia',
    force: false,
    drain: [],
    undrain: [],
    note: null,
    ...wish,
  }
  return administer(pool, whole, authority, { sightings, now: NOW })
}

function after(pool: Pool | null, wish: Partial<Wish>): Pool {
  const changed = applyChanges(pool, decide(pool, wish).changes)
  if (!changed) throw new Error('there is no pool')
  return changed
}

describe('another number of GPUs', () => {
  const reservations = [aRun({ gpus: [0] }), aManual({ gpus: [1, 3] })]

  test('grows a pool by GPUs that nobody has had, and everything else stays', () => {
    const pool = aPool({ gpus: [NOW - MINUTE, null, null, null], reservations, queue: [anEntry()] })
    const { changes, result } = decide(pool, { gpuCount: 6 })
    expect(result.size).toEqual({ kind: 'resized', from: 4, hopeless: [] })
    expect(applyChanges(pool, changes)).toEqual({
      ...aPool({ gpus: [NOW - MINUTE, null, null, null, null, null], reservations }),
      queue: pool.queue,
    })
    expect(eventsOf(changes)).toMatchObject([
      { kind: 'resized', holder: root, gpus: [4, 5], note: 'from 4 to 6 GPUs' },
    ])
  })

  test('shrinks a pool where nobody holds what goes away', () => {
    const pool = aPool({ gpus: 8, reservations })
    expect(after(pool, { gpuCount: 4 })).toEqual(aPool({ gpus: 4, reservations }))
    expect(eventsOf(decide(pool, { gpuCount: 4 }).changes)).toMatchObject([
      { kind: 'resized', gpus: [4, 5, 6, 7], note: 'from 8 to 4 GPUs' },
    ])
  })

  test('is refused while somebody holds what goes away, and names who and what', () => {
    const error = thrownBy(
      () => decide(aPool({ gpus: 4, reservations }), { gpuCount: 1, drain: [0] }),
      GpusHeldError,
    )
    expect(error).toMatchObject({ gpuCount: 1, held: [reservations[1]] })
    expect(error.message).toContain('GPU 1 is reserved by user1000, GPU 3 is reserved by user1000.')
    expect(error.message).toContain("'canhazgpu admin --drain 1,3'")
  })

  test('goes by who holds it now: what is over does not keep a GPU, and is written down', () => {
    const pool = aPool({
      gpus: 4,
      reservations: [aRun({ id: 'dead', gpus: [2] }), aManual({ gpus: [3], expiresAt: NOW })],
    })
    const { changes } = decide(pool, { gpuCount: 2 }, byRoot, new Map([['dead', 'gone']]))
    expect(applyChanges(pool, changes)).toEqual(aPool({ gpus: 2 }))
    expect(recordsOf(changes).map(({ ending }) => ending)).toEqual(['reclaimed', 'expired'])
  })

  test('tells which requests in the line it makes hopeless, and those are refused when they look again', () => {
    const big = anEntry({ id: 'big', wanted: anyGpus(3), process: aProcess(5) })
    const far = anEntry({ id: 'far', wanted: exactly(3), process: aProcess(6) })
    const pool = aPool({ gpus: 4, reservations, queue: [big, far, anEntry({ id: 'small' })] })
    const shrunk = { ...pool, reservations: [aRun({ gpus: [0] })] }
    expect(decide(shrunk, { gpuCount: 2 }).result.size).toEqual({
      kind: 'resized',
      from: 4,
      hopeless: [big, far],
    })
    const look = ({ id, wanted, process }: typeof big) =>
      reserve(
        after(shrunk, { gpuCount: 2 }),
        aRequest({ id, wanted, waiter: process }),
        someFacts({ usage: idle(2) }),
      )
    const { shortage, exitStatus } = refusedBy(look(big), NotEnoughGpusError)
    expect([shortage.requested, shortage.available, shortage.poolSize, exitStatus]).toEqual([3, 1, 2, 1])
    expect(refusedBy(look(far), NoSuchGpuError)).toMatchObject({ index: 3, poolSize: 2 })
    expect(look(big).changes).toContainEqual({ kind: 'dequeue', id: 'big' })
    expect(look(far).changes).toContainEqual({ kind: 'dequeue', id: 'far' })
  })

  test('of another provider is not a matter of size: that is refused without force', () => {
    thrownBy(() => decide(aPool({ gpus: 4 }), { gpuCount: 6, provider: 'fake' }), PoolAlreadyInitializedError)
  })

  test('with force starts over, drained GPUs and all', () => {
    const drain = { at: 1, by: root, note: null }
    const pool = aPool({ gpus: [null, { drain }], reservations: [aManual()] })
    expect(decide(pool, { gpuCount: 4, force: true }).result.size).toEqual({
      kind: 'reinitialized',
      cleared: 1,
    })
    expect(after(pool, { gpuCount: 4, force: true })).toEqual(aPool({ gpus: 4 }))
  })

  test('never takes a GPU from its holder, in any situation and with any number', () => {
    fc.assert(
      fc.property(situation, fc.integer({ min: 1, max: 12 }), ({ pool, facts: { sightings } }, gpuCount) => {
        const before = pool.reservations
        let changed: Pool | null
        try {
          changed = applyChanges(pool, decide(pool, { gpuCount }, byRoot, new Map(sightings)).changes)
        } catch (error) {
          if (error instanceof PoolAlreadyInitializedError) return gpuCount === pool.gpus.length
          if (!(error instanceof GpusHeldError)) throw error
          return error.held.every(held => before.includes(held) && Math.max(...held.gpus) >= gpuCount)
        }
        const gpus = changed?.reservations.flatMap(({ gpus }) => gpus) ?? []
        return changed?.gpus.length === gpuCount && gpus.every(index => index < gpuCount)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the same number of GPUs', () => {
  test('is refused with the count and how many reservations force would clear', () => {
    const error = thrownBy(
      () => decide(aPool({ gpus: 4, reservations: [aRun()] }), { gpuCount: 4 }),
      PoolAlreadyInitializedError,
    )
    expect(error).toMatchObject({ gpuCount: 4, reservationCount: 1 })
  })

  test('is fine where there is something else to do', () => {
    const { size, drained } = decide(aPool({ gpus: 4 }), { gpuCount: 4, drain: [3] }).result
    expect({ size, drained }).toEqual({ size: null, drained: [3] })
  })
})

describe('draining', () => {
  const drain = { at: NOW - MINUTE, by: alice, note: 'fan' }
  const pool = aPool({ gpus: [null, { drain }, null, null], reservations: [aManual({ gpus: [2, 3] })] })

  test('keeps who, when and why, and tells who stays on a GPU', () => {
    const { changes, result } = decide(pool, { drain: [0, 2], note: 'broken' })
    const now = { at: NOW, by: root, note: 'broken' }
    expect(applyChanges(pool, changes)?.gpus.map(({ drain }) => drain)).toEqual([now, drain, now, null])
    expect(applyChanges(pool, changes)?.reservations).toEqual(pool.reservations)
    expect(result).toMatchObject({ drained: [0, 2], held: pool.reservations })
    expect(eventsOf(changes)).toMatchObject([
      { kind: 'drained', holder: root, gpus: [0, 2], note: 'broken', at: NOW },
    ])
  })

  test.each([
    ['without a reason', null],
    ['for the same reason', 'fan'],
  ])('again %s changes nothing', (_, note) => {
    const { changes, result } = decide(pool, { drain: [1], note })
    expect([changes, result.drained]).toEqual([[], []])
  })

  test('again for another reason keeps that', () => {
    expect(after(pool, { drain: [1], note: 'gone' }).gpus[1]?.drain).toEqual({
      at: NOW,
      by: root,
      note: 'gone',
    })
  })

  test('is undone by undraining, which leaves other GPUs alone', () => {
    const { changes, result } = decide(pool, { undrain: [0, 1] })
    expect(applyChanges(pool, changes)).toEqual(aPool({ gpus: 4, reservations: pool.reservations }))
    expect(result).toMatchObject({ undrained: [1], drained: [] })
    expect(eventsOf(changes)).toMatchObject([{ kind: 'undrained', gpus: [1], holder: root }])
  })

  test('of a GPU that is not in the pool is refused, and nothing is drained', () => {
    expect(thrownBy(() => decide(pool, { drain: [0, 4] }), NoSuchGpuError)).toMatchObject({ index: 4 })
    thrownBy(() => decide(pool, { undrain: [7] }), NoSuchGpuError)
  })

  test('of a GPU that comes with the same command is fine', () => {
    expect(after(pool, { gpuCount: 5, drain: [4] }).gpus[4]?.drain).toMatchObject({ by: root })
    expect(after(null, { gpuCount: 2, drain: [0] }).gpus[0]?.drain).toMatchObject({ by: root })
  })

  test('without a pool is refused', () => {
    thrownBy(() => decide(null, { drain: [0] }), PoolNotInitializedError)
  })
})

describe('a pool that is there', () => {
  const pool = aPool({ gpus: 4, reservations: [aManual({ gpus: [3] })] })
  const acts: [act: string, wish: Partial<Wish>][] = [
    ['reinitialize', { gpuCount: 4, force: true }],
    ['resize', { gpuCount: 6 }],
    ['resize', { gpuCount: 2 }],
    ['drain GPUs of', { drain: [0] }],
    ['undrain GPUs of', { undrain: [0] }],
  ]

  test.each(acts)('is not for others to %s (%j)', (act, wish) => {
    const others = { by: alice, path: 'sqlite:/pool.db', administrator: root }
    const error = thrownBy(() => decide(pool, wish, others), NotAdministratorError)
    expect(error).toMatchObject({ act, administratorName: 'user0', path: 'sqlite:/pool.db' })
  })

  test.each([
    ['who made it', { by: alice, path: '', administrator: alice }],
    ['root', { by: root, path: '', administrator: alice }],
    ['whoever its store lets in', { by: alice, path: '', administrator: null }],
  ])('is for %s to change', (_, authority) => {
    for (const [, wish] of acts.filter(([, { gpuCount }]) => gpuCount !== 2)) {
      expect(decide(pool, wish, authority).result).toBeDefined()
    }
  })

  test('is refused to others as to its administrator where nothing would change', () => {
    const others = { by: alice, path: 'sqlite:/pool.db', administrator: root }
    thrownBy(() => decide(pool, { gpuCount: 4 }, others), PoolAlreadyInitializedError)
  })

  test('that is not there yet is for everybody to make', () => {
    const others = { by: alice, path: 'sqlite:/pool.db', administrator: root }
    expect(decide(null, { gpuCount: 4 }, others).result.size).toEqual({ kind: 'initialized', putBack: 0 })
  })
})
