import { expect, test } from 'bun:test'
import { availability } from '../../src/core/allocate.ts'
import { settle } from '../../src/core/expire.ts'
import { poolStatus } from '../../src/core/status.ts'
import { summarize } from '../../src/core/summary.ts'
import { situation } from '../helpers/arbitrary-pools.ts'
import fc from '../helpers/fast-check.ts'
import { aHolder, aManual, aPool, busy, NOW, someFacts, usageOf } from '../helpers/pools.ts'

const drain = { at: NOW, by: aHolder(0), note: null }
const pool = aPool({
  gpus: [null, null, { drain }, { drain }, null, null],
  reservations: [aManual({ gpus: [1] })],
})

test('counts every GPU once, by what stands in its line', () => {
  const usage = usageOf(busy(45), busy(8000, 1), busy(0), busy(8000, 1), busy(500), null)
  expect(summarize(poolStatus(pool, { ...someFacts(), usage }), 2)).toEqual({
    gpus: 6,
    free: 1,
    reserved: 1,
    drained: 1,
    inUseWithoutReservation: 2,
    notValidated: 1,
    waiting: 2,
  })
})

test('counts none as free when the tool fails', () => {
  expect(summarize(poolStatus(pool, { ...someFacts(), usage: null }), 0)).toEqual({
    gpus: 6,
    free: 0,
    reserved: 1,
    drained: 2,
    inUseWithoutReservation: 0,
    notValidated: 3,
    waiting: 0,
  })
})

test('counts as free exactly what may be handed out, whatever the pool is like', () => {
  fc.assert(
    fc.property(situation, fc.boolean(), ({ pool, facts }, toolFails) => {
      const usage = toolFails ? null : facts.usage
      const { gpus, waiting, ...parts } = summarize(poolStatus(pool, { ...facts, usage }), 0)
      expect(Object.values(parts).reduce((sum, count) => sum + count)).toBe(gpus)
      const settled = settle(pool, facts.sightings, facts.now).pool
      const states = availability(settled, usage, facts.memoryThresholdMiB).map(gpu => gpu.availability.state)
      expect(parts.free).toBe(states.filter(state => state === 'available').length)
      expect(waiting).toBe(0)
    }),
  )
})
