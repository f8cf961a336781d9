import { describe, expect, test } from 'bun:test'
import { applyChanges } from '../../src/core/changes.ts'
import { CannotMoveError, PoolMovedError } from '../../src/core/errors.ts'
import { changesToMake, leave, prepare } from '../../src/core/move.ts'
import type { Pool } from '../../src/core/pool.ts'
import { changesFor, intents } from '../helpers/decisions.ts'
import fc from '../helpers/fast-check.ts'
import { aHolder, aManual, anEntry, aPool, aRun, HOUR, NOW } from '../helpers/pools.ts'
import { thrownBy } from '../helpers/thrown.ts'

const places = { from: 'sqlite:/a', to: 'sqlite:/b' }
const root = { by: aHolder(0), sightings: new Map(), now: NOW }
const moving = (state: 'arriving' | 'leaving' | 'left', other = 'sqlite:/a') =>
  aPool({ move: { id: 'm', state, other } })

test('a pool is made out of nothing as it was, whatever has happened to it', () => {
  fc.assert(
    fc.property(intents, decisions => {
      let pool: Pool = aPool({ gpus: 8 })
      for (const intent of decisions.flat()) pool = applyChanges(pool, changesFor(intent, pool)) ?? pool
      expect(applyChanges(null, changesToMake(pool))).toEqual({ ...pool, move: null })
    }),
  )
})

describe('a place to move to', () => {
  test('is taken by a pool that is there, one that leaves it, and one that arrives from elsewhere', () => {
    for (const target of [aPool(), moving('leaving'), moving('arriving', 'sqlite:/c')]) {
      const { obstacle } = thrownBy(() => prepare(target, aPool(), places, 'new'), CannotMoveError)
      expect(obstacle).toEqual({ kind: 'in-the-way', place: 'sqlite:/b' })
    }
  })

  test('is empty when there is none, or when one has left it', () => {
    for (const target of [null, moving('left')]) {
      const { changes, result } = prepare(target, aPool({ gpus: 3 }), places, 'new')
      expect(result).toBe('new')
      expect(applyChanges(target, changes)).toMatchObject({
        gpus: { length: 3 },
        reservations: [],
        move: { id: 'new', state: 'arriving', other: 'sqlite:/a' },
      })
    }
  })

  test('goes on to be filled by the move that has begun', () => {
    expect(prepare(moving('arriving'), aPool(), places, 'new')).toEqual({ changes: [], result: 'm' })
  })
})

describe('a pool leaves', () => {
  test('frozen, without what is over', () => {
    const pool = aPool({ reservations: [aManual({ expiresAt: NOW }), aRun({ id: 'r', gpus: [3] })] })
    const { changes, result } = leave(pool, 'sqlite:/b', 'm', {
      ...root,
      sightings: new Map([['r', 'alive']]),
    })
    expect(result).toEqual(applyChanges(pool, changes) as Pool)
    expect(result.move).toEqual({ id: 'm', state: 'leaving', other: 'sqlite:/b' })
    expect(result.reservations.map(({ id }) => id)).toEqual(['r'])
  })

  test('not while somebody waits', () => {
    const pool = aPool({ queue: [anEntry()] })
    const { obstacle } = thrownBy(() => leave(pool, 'b', 'm', root), CannotMoveError)
    expect(obstacle).toEqual({ kind: 'line', waiting: 1 })
  })

  test.each([
    ['cannot be seen, for root, either', 'unseen-run', 0, 'unseen'],
    ['is of somebody else', 'others-run', 1001, 'alive'],
  ] as const)('not while a run goes on that %s', (_, kind, uid, sighting) => {
    const pool = aPool({ reservations: [aRun()] })
    const mover = { ...root, by: aHolder(uid), sightings: new Map([['run-1', sighting]]) }
    const { obstacle } = thrownBy(() => leave(pool, 'b', 'm', mover), CannotMoveError)
    expect(obstacle).toMatchObject({ kind, run: { id: 'run-1' } })
  })

  test('with the run of its mover', () => {
    const pool = aPool({ reservations: [aRun()] })
    const mover = { ...root, by: aHolder(1000), sightings: new Map([['run-1', 'alive' as const]]) }
    expect(leave(pool, 'b', 'm', mover).result.reservations).toHaveLength(1)
  })

  test('a second time as it was left', () => {
    const pool = moving('leaving', 'b')
    expect(leave(pool, 'b', 'm', { ...root, now: NOW + HOUR })).toEqual({ changes: [], result: pool })
  })

  test('not for two places', () => {
    for (const pool of [moving('leaving', 'c'), moving('left', 'b'), moving('arriving', 'b')]) {
      expect(thrownBy(() => leave(pool, 'b', 'm', root), PoolMovedError).move).toEqual(
        pool.move as NonNullable<Pool['move']>,
      )
    }
  })
})
