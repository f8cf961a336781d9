import { expect, test } from 'bun:test'
import type { Sighting } from '../../src/core/expire.ts'
import { hopefulUsage, isOutdated, poolThen } from '../../src/core/outdated.ts'
import type { Pool } from '../../src/core/pool.ts'
import { aManual, aPool, aRun, busy, MINUTE, NOW, SECOND, usageOf } from '../helpers/pools.ts'

const gone = new Map<string, Sighting>([['run-1', 'gone']])
const held = aPool({ gpus: 1, reservations: [aManual()] })
const run = aPool({ gpus: 1, reservations: [aRun({ heartbeatAt: NOW - MINUTE })] })
const free = aPool({ gpus: [{ lastReleasedAt: NOW - SECOND, lastReservationId: 'earlier' }] })
const freeAfter = (lastReservationId: string, lastReleasedAt = NOW + SECOND) =>
  aPool({ gpus: [{ lastReleasedAt, lastHolderUid: 1000, lastReservationId }] })
const freeLater = freeAfter('later')

/** Before the tool began to look, and when it had answered two seconds later. */
test.each<[string, Pool, Pool, boolean]>([
  ['was free all the time', free, free, false],
  ['was never released', aPool({ gpus: 1 }), aPool({ gpus: 1 }), false],
  ['was reserved, and still is', held, held, false],
  ['was reserved, and has been released', held, freeLater, true],
  [
    'was reserved, and has been released by a clock that was put back',
    held,
    freeAfter('manual-1', NOW - MINUTE),
    true,
  ],
  ['was free, and has been reserved', free, held, false],
  ['was free, and has been reserved and released again', free, freeLater, true],
  [
    'was free, and has been reserved and released in the same millisecond',
    free,
    freeAfter('later', NOW - SECOND),
    true,
  ],
  ['was not in the pool, and is now', aPool({ gpus: 0 }), aPool({ gpus: 1 }), false],
  ['was not in the pool, and has been reserved and released', aPool({ gpus: 0 }), freeLater, true],
])('a GPU that %s', (_, before, after, outdated) => {
  const then = poolThen(before, new Map(), NOW)
  expect(isOutdated(then, after, new Map(), NOW + 2 * SECOND)).toBe(outdated)
})

test('a GPU whose manual reservation ended while the tool looked, though nobody has written that down', () => {
  const ending = aPool({ gpus: 1, reservations: [aManual({ expiresAt: NOW + SECOND })] })
  expect(isOutdated(poolThen(ending, new Map(), NOW), ending, new Map(), NOW + 2 * SECOND)).toBe(true)
})

test.each([
  ['has not been written down', run],
  ['is written down by its keeper meanwhile', freeAfter('run-1')],
])('a GPU whose holder was gone before, which %s, cannot have come into use', (_, after) => {
  expect(isOutdated(poolThen(run, gone, NOW), after, gone, NOW + 2 * SECOND)).toBe(false)
})

test('a GPU whose holder was gone before, and which has been reserved and released since, by the same user', () => {
  expect(isOutdated(poolThen(run, gone, NOW), freeLater, gone, NOW + 2 * SECOND)).toBe(true)
})

test('a GPU whose holder was killed while the tool looked', () => {
  expect(isOutdated(poolThen(run, new Map([['run-1', 'alive']]), NOW), run, gone, NOW + SECOND)).toBe(true)
})

test.each([
  ['before', NOW - 2 * SECOND, true],
  ['in the very millisecond', NOW - SECOND, true],
  ['after', NOW, false],
])(
  'a GPU that was released before the pool was read, when the tool had been asked %s',
  (_, askedAt, outdated) => {
    expect(isOutdated(poolThen(free, new Map(), NOW, askedAt), free, new Map(), NOW)).toBe(outdated)
  },
)

test('a GPU whose reservation was over before the pool was read, but after the tool had been asked', () => {
  const over = aPool({ gpus: 1, reservations: [aManual({ expiresAt: NOW - SECOND })] })
  const isOutdatedFrom = (askedAt: number) =>
    isOutdated(poolThen(over, new Map(), NOW, askedAt), over, new Map(), NOW)
  expect(isOutdatedFrom(NOW - 2 * SECOND)).toBe(true)
  expect(isOutdatedFrom(NOW)).toBe(false)
})

test('those who wait are told of use on other GPUs than the ones that have come free', () => {
  const seen = usageOf(busy(9000, 7), busy(9000, 8), null)
  const before = aPool({ gpus: 3, reservations: [aManual({ gpus: [0] })] })
  const after = aPool({ gpus: [{ lastReleasedAt: NOW, lastReservationId: 'manual-1' }, null, null] })
  const usage = { ...seen, poolThen: poolThen(before, new Map(), NOW) }
  expect(hopefulUsage(usage, after)).toEqual(usageOf(busy(0), busy(9000, 8), null))
  expect(hopefulUsage(seen, after)).toEqual(seen)
})
