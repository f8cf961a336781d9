import { expect, test } from 'bun:test'
import { PoolAlreadyInitializedError } from '../../src/core/errors.ts'
import { initialize } from '../../src/core/initialize.ts'
import { aManual, aPool, aRun } from '../helpers/pools.ts'
import { thrownBy } from '../helpers/thrown.ts'

const wish = { provider: 'nvidia', gpuCount: 4, force: false } as const

test('makes a pool where there is none', () => {
  expect(initialize(null, wish)).toEqual({
    changes: [{ kind: 'initialize', provider: 'nvidia', gpuCount: 4 }],
    result: { cleared: null },
  })
})

test('makes a pool where there is none with force, too, and has cleared nothing', () => {
  expect(initialize(null, { ...wish, force: true }).result).toEqual({ cleared: null })
})

test('refuses to replace a pool, and tells its size and how many reservations are at stake', () => {
  const pool = aPool({ gpus: 8, reservations: [aRun(), aManual({ gpus: [1, 2] })] })
  expect(thrownBy(() => initialize(pool, wish), PoolAlreadyInitializedError)).toMatchObject({
    gpuCount: 8,
    reservationCount: 2,
  })
})

test('refuses to replace a pool that nobody uses', () => {
  expect(thrownBy(() => initialize(aPool(), wish), PoolAlreadyInitializedError).reservationCount).toBe(0)
})

test('with force starts over, and tells how many reservations are cleared', () => {
  const pool = aPool({ reservations: [aRun(), aManual({ gpus: [1, 2] })] })
  expect(initialize(pool, { provider: 'fake', gpuCount: 2, force: true })).toEqual({
    changes: [{ kind: 'initialize', provider: 'fake', gpuCount: 2 }],
    result: { cleared: 2 },
  })
})

test('with force tells of 0 cleared reservations where there was a pool', () => {
  expect(initialize(aPool(), { ...wish, force: true }).result).toEqual({ cleared: 0 })
})
