import { expect, test } from 'bun:test'
import { applyChanges } from '../../src/core/changes.ts'
import { PoolAlreadyInitializedError } from '../../src/core/errors.ts'
import { initialize } from '../../src/core/initialize.ts'
import { eventsOf, poolChanges, recordsOf } from '../helpers/answers.ts'
import { aHolder, aManual, anEntry, aPool, aRun, MINUTE, NOW } from '../helpers/pools.ts'
import { thrownBy } from '../helpers/thrown.ts'

const wish = { provider: 'nvidia', gpuCount: 4, force: false, by: aHolder(0) } as const

test('makes a pool where there is none', () => {
  const { changes, result } = initialize(null, wish, NOW)
  expect(poolChanges(changes)).toEqual([{ kind: 'initialize', provider: 'nvidia', gpuCount: 4 }])
  expect(result).toEqual({ cleared: null })
})

test('makes a pool where there is none with force, too, and has cleared nothing', () => {
  expect(initialize(null, { ...wish, force: true }, NOW).result).toEqual({ cleared: null })
})

test('refuses to replace a pool, and tells its size and how many reservations are at stake', () => {
  const pool = aPool({ gpus: 8, reservations: [aRun(), aManual({ gpus: [1, 2] })] })
  expect(thrownBy(() => initialize(pool, wish, NOW), PoolAlreadyInitializedError)).toMatchObject({
    gpuCount: 8,
    reservationCount: 2,
  })
})

test('refuses to replace a pool that nobody uses', () => {
  expect(thrownBy(() => initialize(aPool(), wish, NOW), PoolAlreadyInitializedError).reservationCount).toBe(0)
})

test('with force starts over, and tells how many reservations are cleared', () => {
  const pool = aPool({ reservations: [aRun(), aManual({ gpus: [1, 2] })] })
  const { changes, result } = initialize(pool, { ...wish, provider: 'fake', gpuCount: 2, force: true }, NOW)
  expect(applyChanges(pool, changes)).toEqual(aPool({ gpus: 2, provider: 'fake' }))
  expect(result).toEqual({ cleared: 2 })
})

test('with force keeps what every cleared reservation has come to, and who cleared it', () => {
  const reservations = [aRun({ note: 'mine' }), aManual({ gpus: [1, 2], holder: aHolder(0) })]
  const { changes } = initialize(aPool({ reservations }), { ...wish, force: true }, NOW)
  expect(recordsOf(changes)).toMatchObject([
    { id: 'run-1', gpus: [0], endedAt: NOW, ending: 'cleared' },
    { id: 'manual-1', gpus: [1, 2], endedAt: NOW, ending: 'cleared' },
  ])
  expect(eventsOf(changes)).toMatchObject([
    { kind: 'cleared', id: 'run-1', gpus: [0], by: aHolder(0), note: 'mine' },
    // Root's own: nobody else did it.
    { kind: 'cleared', id: 'manual-1', gpus: [1, 2], by: null },
    { kind: 'initialized', holder: aHolder(0), at: NOW, id: null, note: '4 GPUs' },
  ])
})

test('with force empties the line', () => {
  const pool = aPool({ queue: [anEntry()] })
  const { changes } = initialize(pool, { ...wish, force: true }, NOW)
  expect(applyChanges(pool, changes)).toEqual(aPool({ gpus: 4 }))
  expect(eventsOf(changes)).toMatchObject([
    { kind: 'left', at: NOW, id: anEntry().id },
    { kind: 'initialized' },
  ])
})

test('with force tells of 0 cleared reservations where there was a pool', () => {
  expect(initialize(aPool(), { ...wish, force: true }, NOW).result).toEqual({ cleared: 0 })
})

test('with force a manual reservation whose time is over has expired then, and was not used until now', () => {
  const over = aManual({ gpus: [1, 2], expiresAt: NOW - MINUTE })
  const pool = aPool({
    reservations: [aRun(), over, aManual({ id: 'manual-2', gpus: [3], expiresAt: NOW + 1 })],
  })
  const { changes } = initialize(pool, { ...wish, force: true }, NOW)
  expect(recordsOf(changes).map(({ id, ending, endedAt }) => [id, ending, endedAt])).toEqual([
    ['run-1', 'cleared', NOW],
    ['manual-1', 'expired', NOW - MINUTE],
    ['manual-2', 'cleared', NOW],
  ])
})
