import { describe, expect, test } from 'bun:test'
import { availability, choose } from '../../src/core/allocate.ts'
import type { Gpu } from '../../src/core/pool.ts'
import { situation } from '../helpers/arbitrary-pools.ts'
import fc from '../helpers/fast-check.ts'
import { aManual, aPool, aRun, busy, idle, NOW, usageOf } from '../helpers/pools.ts'

describe('availability', () => {
  test('tells of every GPU what it is to somebody who asks', () => {
    const [run, manual] = [aRun({ gpus: [1] }), aManual({ gpus: [3, 4] })]
    const pool = aPool({ gpus: 7, reservations: [run, manual] })
    const usage = usageOf(busy(45), busy(8452, 1), busy(1024, 2), busy(0), busy(500), null, busy(101))
    expect(availability(pool, usage, 100).map(({ gpu, availability }) => [gpu.index, availability])).toEqual([
      [0, { state: 'available' }],
      [1, { state: 'reserved', reservation: run }],
      [2, { state: 'in-use' }],
      [3, { state: 'reserved', reservation: manual }],
      [4, { state: 'reserved', reservation: manual }],
      [5, { state: 'unknown' }],
      [6, { state: 'in-use' }],
    ])
  })

  test('knows nothing of any GPU that is not reserved when the probe failed', () => {
    const pool = aPool({ gpus: 3, reservations: [aRun({ gpus: [1] })] })
    expect(availability(pool, null, 100).map(({ availability: { state } }) => state)).toEqual([
      'unknown',
      'reserved',
      'unknown',
    ])
  })

  test('leaves out GPUs of the host that are not in the pool', () => {
    expect(availability(aPool({ gpus: 2 }), idle(8), 100).map(({ gpu }) => gpu.index)).toEqual([0, 1])
  })

  test('calls a GPU available only when nobody has it and the probe saw it idle', () => {
    fc.assert(
      fc.property(situation, ({ pool, facts: { usage } }) => {
        for (const { gpu, availability: found } of availability(pool, usage, 100)) {
          const held = pool.reservations.some(({ gpus }) => gpus.includes(gpu.index))
          const seen = usage.gpus.get(gpu.index)
          const seenIdle = seen?.processes.length === 0 && (seen.memoryUsedMiB ?? 0) <= 100
          expect(found.state === 'available').toBe(!held && seenIdle)
          expect(found.state === 'reserved').toBe(held)
          expect(found.state === 'unknown').toBe(!held && seen === undefined)
        }
      }),
    )
  })
})

const leastRecentlyUsed = (gpus: readonly Gpu[], count: number) => choose('lru', gpus, count, 1000)

describe('the policy lru', () => {
  test.each([
    ['the one released longest ago', [300, 100, 200], 1, [1]],
    ['the ones released longest ago, in the order of their numbers', [300, 200, 400, 100], 2, [1, 3]],
    ['one that was never released before all', [100, 200, null, 50], 1, [2]],
    ['one that was never released before one released at the beginning of time', [0, null], 1, [1]],
    ['the lowest number where the time is the same', [200, 100, 100, 100], 2, [1, 2]],
    ['the lowest number where none was ever released', [null, null, null], 2, [0, 1]],
    ['one released in the future, after the clock was put back, last', [NOW + 5, NOW, null], 2, [1, 2]],
    ['all when all are wanted', [3, 2, 1], 3, [0, 1, 2]],
  ])('chooses %s', (_, releases, count, chosen) => {
    expect(leastRecentlyUsed(aPool({ gpus: releases }).gpus, count)).toEqual(chosen)
  })

  const releases = fc.array(fc.option(fc.integer({ min: -3, max: 3 })), { minLength: 1, maxLength: 16 })
  const candidates = releases.chain(times =>
    fc.record({
      gpus: fc.shuffledSubarray([...aPool({ gpus: times }).gpus], { minLength: 1 }),
      share: fc.nat(100),
    }),
  )

  test('chooses what picking one by one would, in whatever order the candidates come', () => {
    fc.assert(
      fc.property(candidates, ({ gpus, share }) => {
        const count = 1 + (share % gpus.length)
        expect(leastRecentlyUsed(gpus, count)).toEqual(pickOneByOne(gpus, count))
      }),
      { numRuns: 1000 },
    )
  })

  test('does not alter the candidates', () => {
    const gpus = [...aPool({ gpus: [3, 1, 2] }).gpus]
    leastRecentlyUsed(gpus, 2)
    expect(gpus).toEqual([...aPool({ gpus: [3, 1, 2] }).gpus])
  })
})

function pickOneByOne(gpus: readonly Gpu[], count: number): number[] {
  const left = new Set(gpus)
  const picked: number[] = []
  while (picked.length < count) {
    let best: Gpu | undefined
    for (const gpu of left) if (!best || goesBefore(gpu, best)) best = gpu
    if (!best) break
    left.delete(best)
    picked.push(best.index)
  }
  return picked.sort((a, b) => a - b)
}

function goesBefore(a: Gpu, b: Gpu): boolean {
  if (a.lastReleasedAt === b.lastReleasedAt) return a.index < b.index
  if (a.lastReleasedAt === null || b.lastReleasedAt === null) return a.lastReleasedAt === null
  return a.lastReleasedAt < b.lastReleasedAt
}
