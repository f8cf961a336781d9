import { describe, expect, test } from 'bun:test'
import { ExtensionDelaysError, NoManualReservationError, NotYourGpusError } from '../../src/core/errors.ts'
import { extend } from '../../src/core/extend.ts'
import type { Pool } from '../../src/core/pool.ts'
import { aHolder, aManual, anEntry, aPool, aRun, HOUR, MINUTE, NOW } from '../helpers/pools.ts'
import { thrownBy } from '../helpers/thrown.ts'

const alice = aHolder(1000)
const bob = aHolder(1001)
const [soon, late] = [
  aManual({ id: 'soon', gpus: [1, 3], expiresAt: NOW + HOUR, note: 'demo' }),
  aManual({ id: 'late', gpus: [0], expiresAt: NOW + 2 * HOUR }),
]

function extended(pool: Pool, gpuIds: number[] | null = null, holder = alice) {
  return extend(pool, { holder, gpuIds, durationMs: 30 * MINUTE }, { sightings: new Map(), now: NOW })
}

describe('extend', () => {
  test('moves the ends of all manual reservations of its user, and tells them in the order of their GPUs', () => {
    const { changes, result } = extended(aPool({ reservations: [soon, late] }))
    expect(result).toEqual([
      { ...late, expiresAt: NOW + 2.5 * HOUR },
      { ...soon, expiresAt: NOW + 1.5 * HOUR },
    ])
    expect(changes.filter(({ kind }) => kind === 'extend')).toEqual([
      { kind: 'extend', id: 'late', expiresAt: NOW + 2.5 * HOUR },
      { kind: 'extend', id: 'soon', expiresAt: NOW + 1.5 * HOUR },
    ])
  })

  test('writes in the log what was extended', () => {
    const { changes } = extended(aPool({ reservations: [soon] }))
    const { id, holder, alias, gpus, note } = soon
    expect(changes.at(-1)).toEqual({
      kind: 'log',
      event: { at: NOW, kind: 'extended', id, holder, alias, gpus, note, by: null },
    })
  })

  test('moves with --gpu-ids only the reservations that these GPUs are in, whole', () => {
    const { result } = extended(aPool({ reservations: [soon, late] }), [3])
    expect(result).toEqual([{ ...soon, expiresAt: NOW + 1.5 * HOUR }])
  })

  test('names the GPUs that are in no manual reservation of the user, and moves nothing', () => {
    const others = [aManual({ id: 'bob', gpus: [5], holder: bob }), aRun({ gpus: [6] })]
    const pool = aPool({ reservations: [soon, ...others] })
    expect(thrownBy(() => extended(pool, [1, 5, 6, 7]), NotYourGpusError).gpus).toEqual([5, 6, 7])
  })

  test.each([
    ['has none', []],
    ['has only runs', [aRun()]],
    ['has had one until this moment', [aManual({ expiresAt: NOW })]],
    ['is another one', [aManual({ holder: bob })]],
  ])('is refused when the user %s', (_, reservations) => {
    expect(() => extended(aPool({ reservations }))).toThrow(NoManualReservationError)
  })

  test('is refused with the number of requests that could start later', () => {
    const queue = [anEntry({ id: 'a' }), anEntry({ id: 'b' })]
    const pool = aPool({ gpus: [null, null, null, null], reservations: [soon, late], queue })
    const error = thrownBy(() => extended(pool), ExtensionDelaysError)
    expect([error.waiting, error.exitStatus]).toEqual([2, 75])
  })

  test('does not count requests whose process is gone', () => {
    const pool = aPool({ reservations: [soon], queue: [anEntry({ id: 'gone' })] })
    const facts = { sightings: new Map([['gone', 'gone'] as const]), now: NOW }
    const { result } = extend(pool, { holder: alice, gpuIds: null, durationMs: HOUR }, facts)
    expect(result).toEqual([{ ...soon, expiresAt: NOW + 2 * HOUR }])
  })
})
