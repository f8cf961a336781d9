import { describe, expect, test } from 'bun:test'
import { administer } from '../../src/core/administer.ts'
import { applyChanges } from '../../src/core/changes.ts'
import type { Pool } from '../../src/core/pool.ts'
import { beatOverLosses, type Life, putBack } from '../../src/core/restore.ts'
import { poolChanges } from '../helpers/answers.ts'
import { aHolder, aManual, aPool, aRun, HOUR, NOW } from '../helpers/pools.ts'

const claim = aRun({ id: 'mine', gpus: [1, 2], heartbeatAt: NOW - HOUR })
const restored = { ...claim, heartbeatAt: NOW }

describe('putBack', () => {
  test('puts reservations back as they were, with a sign of life', () => {
    const changes = putBack(aPool(), [claim], NOW)
    expect(applyChanges(aPool(), changes)?.reservations).toEqual([restored])
    expect(changes[1]).toMatchObject({
      kind: 'log',
      event: { kind: 'reserved', id: 'mine', note: 'put back after the store had lost it' },
    })
  })

  test.each<[string, Pool]>([
    ['that is there', aPool({ reservations: [aRun({ id: 'mine', gpus: [5] })] })],
    ['whose GPUs another has', aPool({ reservations: [aManual({ gpus: [2] })] })],
    ['whose GPUs are not in the pool', aPool({ gpus: 2 })],
  ])('does not put back one %s', (_, pool) => {
    expect(putBack(pool, [claim], NOW)).toEqual([])
  })

  test('gives GPUs that two claim to the first of them, whenever it says it was made', () => {
    const first = aRun({ id: 'first', gpus: [2], reservedAt: claim.reservedAt + 1 })
    const pool = applyChanges(aPool(), putBack(aPool(), [first, claim], NOW))
    expect(pool?.reservations.map(({ id }) => id)).toEqual(['first'])
  })
})

describe('a keeper whose store may lose everything', () => {
  const kept = { id: 'mine', uid: claim.holder.uid }
  const [before, after]: Life[] = [
    { id: 'before', isCleared: false },
    { id: 'after', isCleared: false },
  ]
  const beat = (
    pool: Pool | null,
    life: Life | null,
    { seenIn = before ?? null, isLost = true }: { seenIn?: Life | null; isLost?: boolean } = {},
  ) => beatOverLosses(pool, life, { kept, claim, seenIn, isLost }, NOW)

  test('records a sign of life, and knows where', () => {
    const { changes, result } = beat(aPool({ reservations: [claim] }), after ?? null)
    expect(changes).toEqual([{ kind: 'heartbeat', id: 'mine', at: NOW }])
    expect(result).toEqual({ isHeld: true, seenIn: after ?? null })
  })

  test('stays while there is no pool', () => {
    expect(beat(null, null)).toEqual({ changes: [], result: { isHeld: true, seenIn: before ?? null } })
  })

  test.each<[string, Life, Life | null]>([
    ['of a later life', { id: 'after', isCleared: false }, { id: 'before', isCleared: false }],
    [
      'of a later life, after one that was cleared',
      { id: 'after', isCleared: false },
      { id: 'before', isCleared: true },
    ],
    ['that is what it was before', { id: 'before', isCleared: false }, { id: 'before', isCleared: false }],
    ['that was cleared before', { id: 'before', isCleared: true }, { id: 'before', isCleared: true }],
    ['in which it was never seen', { id: 'after', isCleared: false }, null],
  ])('puts back what is lost in a pool %s', (_, life, seenIn) => {
    const { changes, result } = beat(aPool(), life, { seenIn })
    expect(applyChanges(aPool(), changes)?.reservations).toEqual([restored])
    expect(result.isHeld).toBe(true)
  })

  test('puts nothing back that has ended', () => {
    expect(beat(aPool(), after ?? null, { isLost: false })).toMatchObject({
      changes: [],
      result: { isHeld: false },
    })
  })

  test.each<[string, Pool, Life, Life | null]>([
    ['was cleared for good', aPool(), { id: 'after', isCleared: true }, { id: 'before', isCleared: false }],
    ['was cleared once more', aPool(), { id: 'after', isCleared: true }, { id: 'before', isCleared: true }],
    [
      'was cleared in the same life',
      aPool(),
      { id: 'before', isCleared: true },
      { id: 'before', isCleared: false },
    ],
    ['may have been cleared', aPool(), { id: 'after', isCleared: true }, null],
    [
      'has lost its GPUs',
      aPool({ reservations: [aManual({ gpus: [1] })] }),
      { id: 'after', isCleared: false },
      { id: 'before', isCleared: false },
    ],
  ])('has nothing left to keep when it %s', (_, pool, life, seenIn) => {
    expect(beat(pool, life, { seenIn })).toMatchObject({ changes: [], result: { isHeld: false } })
  })
})

describe('admin', () => {
  const by = aHolder(0)
  const wish = (force: boolean) => ({
    gpuCount: 8,
    force,
    provider: 'nvidia' as const,
    drain: [],
    undrain: [],
    note: null,
  })
  const make = (pool: Pool | null, force: boolean) =>
    administer(
      pool,
      wish(force),
      { by, path: 'redis://server', administrator: null },
      { sightings: new Map(), now: NOW, lost: [claim] },
    )

  test('puts what runs back into a pool that was not there, in the same step', () => {
    const { changes, result } = make(null, false)
    expect(result.size).toEqual({ kind: 'initialized', putBack: 1 })
    expect(applyChanges(null, changes)?.reservations).toEqual([restored])
    expect(poolChanges(changes)[0]).toEqual({ kind: 'initialize', provider: 'nvidia', gpuCount: 8 })
  })

  test.each<[string, Pool | null]>([
    ['there is none', null],
    ['there is one', aPool()],
  ])('clears it for good with --force, where %s', (_, pool) => {
    const { changes } = make(pool, true)
    expect(applyChanges(pool, changes)?.reservations).toEqual([])
    expect(poolChanges(changes)[0]).toMatchObject({ kind: 'initialize', forGood: true })
  })
})
