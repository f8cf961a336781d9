import { describe, expect, test } from 'bun:test'
import { availability } from '../../src/core/allocate.ts'
import { delayedRequests } from '../../src/core/delay.ts'
import type { Pool, Reservation } from '../../src/core/pool.ts'
import fc from '../helpers/fast-check.ts'
import { aManual, anEntry, anyGpus, aPool, aRun, exactly, HOUR, NOW } from '../helpers/pools.ts'

/** A manual reservation of one GPU that ends after some hours. */
const until = (gpu: number, hours: number) =>
  aManual({ id: `m${gpu}`, gpus: [gpu], expiresAt: NOW + hours * HOUR })

/** The ids of the requests that could be delayed when some GPUs are kept until so many hours from now. */
function delayed(pool: Pool, later: Record<number, number>): string[] {
  const ends = new Map(Object.entries(later).map(([gpu, hours]) => [Number(gpu), NOW + hours * HOUR]))
  return delayedRequests(availability(pool, null, 100), ends, pool.queue).map(({ id }) => id)
}

const first = anEntry({ id: 'first' })
const second = anEntry({ id: 'second' })
const both = anEntry({ id: 'both', wanted: anyGpus(2) })

describe('a longer reservation', () => {
  test.each<
    [what: string, pool: Parameters<typeof aPool>[0], later: Record<number, number>, delayed: string[]]
  >([
    ['delays nobody where nobody waits', { reservations: [until(0, 1), until(1, 2)] }, { 0: 9 }, []],
    [
      'delays who would start at its end',
      { reservations: [until(0, 1), until(1, 3)], queue: [first] },
      { 0: 2 },
      ['first'],
    ],
    [
      'does not delay who starts before its end',
      { reservations: [until(0, 1), until(1, 2)], queue: [first] },
      { 1: 9 },
      [],
    ],
    [
      'may last as long as the other GPU that a request needs',
      { reservations: [until(0, 1), until(1, 3)], queue: [both] },
      { 0: 3 },
      [],
    ],
    [
      'may not last longer than that',
      { reservations: [until(0, 1), until(1, 3)], queue: [both] },
      { 0: 3.1 },
      ['both'],
    ],
    [
      'delays who would start with both at once',
      { reservations: [until(0, 1), until(1, 1)], queue: [both] },
      { 0: 2, 1: 2 },
      ['both'],
    ],
    [
      'delays the second in line, whose start is the second end',
      { reservations: [until(0, 1), until(1, 2)], queue: [first, second] },
      { 1: 3 },
      ['second'],
    ],
    [
      'does not delay who cannot use its GPU',
      { reservations: [until(0, 1), until(1, 2)], queue: [anEntry({ wanted: exactly(1) })] },
      { 0: 9 },
      [],
    ],
    [
      'delays who waits for exactly that GPU',
      { reservations: [until(0, 1), until(1, 2)], queue: [anEntry({ id: 'exact', wanted: exactly(0) })] },
      { 0: 1.1 },
      ['exact'],
    ],
    [
      'could delay who may otherwise wait for a run without a known end',
      { reservations: [until(0, 1), aRun({ gpus: [1] })], queue: [first] },
      { 0: 2 },
      ['first'],
    ],
    [
      'does not delay who waits for an administrator',
      {
        gpus: [null, { drain: { at: NOW, by: first.holder, note: null } }],
        reservations: [until(0, 1)],
        queue: [both],
      },
      { 0: 9 },
      [],
    ],
  ])('%s', (_, pool, later, expected) => {
    expect(delayed(aPool({ gpus: 2, ...pool }), later)).toEqual(expected)
  })
})

/** Ends of GPUs in hours, null for a run without a known end; which of them are kept longer; how many each request wants. */
const cases = fc.record({
  ends: fc.array(fc.option(fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 4 }),
  longer: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }),
  counts: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
})

test('counts a request as delayed exactly when some course of events makes it start later', () => {
  fc.assert(
    fc.property(cases, ({ ends, longer, counts }) => {
      const reservations = ends.map(
        (hours, gpu): Reservation =>
          hours === null ? aRun({ id: `r${gpu}`, gpus: [gpu] }) : until(gpu, hours),
      )
      const queue = counts.map((count, place) => anEntry({ id: `e${place}`, wanted: anyGpus(count) }))
      const after = ends.map((hours, gpu) => (hours === null ? null : hours + (longer[gpu] ?? 0)))
      const later = Object.fromEntries(after.flatMap((hours, gpu) => (hours === null ? [] : [[gpu, hours]])))
      const expected = queue.filter((_, place) => {
        const [count = 0, before] = [counts[place], counts.slice(0, place)]
        if (count > ends.length) return false
        const most = before.reduce((sum, other) => sum + Math.min(other, ends.length), 0)
        // Runs end at once or never, and the requests before have taken any number of GPUs for good.
        return Array.from({ length: most + 1 }, (_, taken) => taken).some(taken =>
          courses(ends).some(at => startOf(ends, at, count + taken) < startOf(after, at, count + taken)),
        )
      })
      expect(delayed(aPool({ gpus: ends.length, reservations, queue }), later)).toEqual(
        expected.map(({ id }) => id),
      )
    }),
    { numRuns: 2000 },
  )
})

/** For each GPU without a known end, whether it comes free at once or never: all combinations. */
function courses(ends: readonly (number | null)[]): number[][] {
  return ends.reduce<number[][]>(
    (all, end) => all.flatMap(course => (end === null ? [0, Infinity] : [NaN]).map(at => [...course, at])),
    [[]],
  )
}

/** When so many GPUs are free, in hours. */
function startOf(ends: readonly (number | null)[], course: readonly number[], count: number): number {
  const free = ends.map((end, gpu) => end ?? course[gpu] ?? NaN).sort((a, b) => a - b)
  return free[count - 1] ?? Infinity
}
