import { describe, expect, test } from 'bun:test'
import { applyChanges } from '../../src/core/changes.ts'
import { isObservationDue, OBSERVATION_INTERVAL_MS, observe } from '../../src/core/observe.ts'
import type { Pool } from '../../src/core/pool.ts'
import type { Usage } from '../../src/core/usage.ts'
import fc from '../helpers/fast-check.ts'
import { aManual, aPool, aRun, busy, idle, MINUTE, NOW, SECOND, usageOf } from '../helpers/pools.ts'

function observed(pool: Pool, usage: Usage, now: number): Pool {
  return applyChanges(pool, observe(pool, { usage, memoryThresholdMiB: 100, now })) ?? pool
}

const since = (pool: Pool) => pool.gpus.map(({ unusedSince }) => unusedSince)
const unusedMs = (pool: Pool) => pool.reservations.map(({ unusedGpuMs }) => unusedGpuMs)

/** Two GPUs, the second reserved, just observed to be unused for a while. */
const scene = aPool({
  gpus: [{ unusedSince: NOW - 9 * MINUTE }, { unusedSince: NOW - 7 * MINUTE }],
  reservations: [aRun({ gpus: [1], reservedAt: NOW - 8 * MINUTE, unusedGpuMs: 7 * MINUTE })],
  observedAt: NOW,
})

describe('an observation', () => {
  test('begins the time of a GPU that is seen unused, at that moment', () => {
    const first = observed(aPool({ gpus: 2 }), usageOf(busy(0), busy(900)), NOW)
    expect([since(first), first.observedAt]).toEqual([[NOW, null], NOW])
  })

  test('lets the time of a GPU go on that is seen unused again', () => {
    expect(since(observed(scene, idle(2), NOW + MINUTE))).toEqual([NOW - 9 * MINUTE, NOW - 7 * MINUTE])
  })

  test.each([
    ['used', usageOf(busy(900), busy(0, 4711))],
    ['not reported while another is', usageOf(busy(0))],
  ])('ends the time of a GPU that is %s', (_, usage) => {
    expect(since(observed(scene, usage, NOW + MINUTE))[1]).toBeNull()
  })

  test('begins the time anew after a gap in which nobody looked', () => {
    expect(since(observed(scene, idle(2), NOW + 5 * MINUTE + 1))).toEqual([
      NOW + 5 * MINUTE + 1,
      NOW + 5 * MINUTE + 1,
    ])
  })

  test('begins the time anew when the clock was set back', () => {
    const back = observed(scene, idle(2), NOW - MINUTE)
    expect([since(back), unusedMs(back)]).toEqual([[NOW - MINUTE, NOW - MINUTE], [7 * MINUTE]])
  })

  test('is not recorded when the last one is fresh, so that a crowd records one', () => {
    const again = (ms: number) =>
      observe(scene, { usage: idle(2), memoryThresholdMiB: 100, now: NOW + ms }).length
    expect([again(0), again(OBSERVATION_INTERVAL_MS - 1), again(OBSERVATION_INTERVAL_MS)]).toEqual([0, 0, 1])
  })

  test('is not recorded when the tool has seen nothing at all', () => {
    expect(observe(scene, { usage: usageOf(), memoryThresholdMiB: 100, now: NOW + MINUTE })).toEqual([])
  })

  test('adds the time between two that saw a held GPU unused to its reservation', () => {
    expect(unusedMs(observed(scene, idle(2), NOW + MINUTE))).toEqual([8 * MINUTE])
    expect(unusedMs(observed(scene, usageOf(busy(0), busy(900)), NOW + MINUTE))).toEqual([7 * MINUTE])
  })

  test('adds no time from before the reservation', () => {
    const young = { ...scene, reservations: [aManual({ gpus: [0, 1], reservedAt: NOW + 40 * SECOND })] }
    expect(unusedMs(observed(young, idle(2), NOW + MINUTE))).toEqual([2 * 20 * SECOND])
  })

  test.each([
    [null, true],
    [NOW - MINUTE, true],
    [NOW - 20 * SECOND, false],
    [NOW + 20 * SECOND, false],
    [NOW + MINUTE, true],
  ])('is due when the last one was at %p: %p', (observedAt, isDue) => {
    expect(isObservationDue({ ...scene, observedAt }, NOW)).toBe(isDue)
  })
})

test('what is recorded is what a diary of all looks says', () => {
  const looks = fc.array(
    fc.record({ after: fc.integer({ min: 10, max: 400 }), used: fc.tuple(fc.boolean(), fc.boolean()) }),
    { minLength: 1, maxLength: 30 },
  )
  fc.assert(
    fc.property(looks, looks => {
      let pool = aPool({ gpus: 2, reservations: [aManual({ gpus: [0, 1], reservedAt: NOW })] })
      const diary: { at: number; used: readonly boolean[] }[] = []
      let now = NOW
      for (const { after, used } of looks) {
        now += after * SECOND
        diary.push({ at: now, used })
        pool = observed(pool, usageOf(...used.map(isUsed => busy(isUsed ? 900 : 0))), now)
      }
      // Backwards from the last look to the first of those that all saw it unused, without a gap.
      const expected = [0, 1].map(gpu => {
        let [start, last]: [number | null, number] = [null, now]
        for (const { at, used } of diary.toReversed()) {
          if (used[gpu] || last - at > 5 * MINUTE) break
          ;[start, last] = [at, at]
        }
        return start
      })
      const spans = diary.slice(1).flatMap(({ at, used }, place) => {
        const before = diary[place]
        const ms = at - (before?.at ?? at)
        return ms > 5 * MINUTE ? [] : [0, 1].map(gpu => (used[gpu] || before?.used[gpu] ? 0 : ms))
      })
      expect(since(pool)).toEqual(expected)
      expect(unusedMs(pool)).toEqual([spans.reduce((sum, ms) => sum + ms, 0)])
    }),
    { numRuns: 1000 },
  )
})
