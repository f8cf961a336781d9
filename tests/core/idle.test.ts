import { describe, expect, test } from 'bun:test'
import { applyChanges } from '../../src/core/changes.ts'
import type { Sighting } from '../../src/core/expire.ts'
import { IDLE_WARNING_MS, idleActs, isProbeDue, tendIdle } from '../../src/core/idle.ts'
import type { Gpu, ManualReservation, Pool, QueueEntry } from '../../src/core/pool.ts'
import fc from '../helpers/fast-check.ts'
import {
  aHolder,
  aManual,
  anEntry,
  aPool,
  aRun,
  busy,
  exactly,
  HOUR,
  idle,
  MINUTE,
  NOW,
  SECOND,
  usageOf,
} from '../helpers/pools.ts'

const waiter = anEntry({ id: 'waiter', holder: aHolder(1001), queuedAt: NOW - 30 * MINUTE })
const held = (parts: Partial<ManualReservation> = {}) =>
  aManual({ gpus: [0, 1], reservedAt: NOW - 5 * HOUR, ...parts })
const unused = (ms: number): Partial<Gpu> => ({ unusedSince: NOW - ms })

/** A pool of two GPUs that one has reserved and not used for two hours, and one who waits for a GPU. */
function aScene({
  reservation = held(),
  queue = [waiter],
  gpus = [unused(2 * HOUR), unused(3 * HOUR)],
}: {
  reservation?: Pool['reservations'][number]
  queue?: QueueEntry[]
  gpus?: Partial<Gpu>[]
} = {}): Pool {
  return aPool({ gpus, reservations: [reservation], queue, observedAt: NOW - 20 * SECOND })
}

function acts(pool: Pool, sightings: Record<string, Sighting> = {}): string[] {
  const facts = { idleReleaseMs: HOUR, sightings: new Map(Object.entries(sightings)), now: NOW }
  return idleActs(pool, facts).map(({ kind }) => kind)
}

const warned = (agoMs: number) => held({ idleWarnedAt: NOW - agoMs })

describe('an idle holder', () => {
  test.each<[what: string, scene: Parameters<typeof aScene>[0], acts: string[]]>([
    ['is warned after the time, while somebody waits', {}, ['warn']],
    ['is left alone where nobody waits', { queue: [] }, []],
    ['is left alone before the time', { gpus: [unused(HOUR - 1), unused(3 * HOUR)] }, []],
    ['is warned just at the time', { gpus: [unused(HOUR), unused(3 * HOUR)] }, ['warn']],
    ['is left alone while one of the GPUs is used', { gpus: [{ unusedSince: null }, unused(3 * HOUR)] }, []],
    ['has its time from when it reserved', { reservation: held({ reservedAt: NOW - HOUR + 1 }) }, []],
    ['is left alone when it is a run', { reservation: aRun({ gpus: [0, 1] }) }, []],
    [
      'is left alone where who waits could not use its GPUs',
      { queue: [anEntry({ ...waiter, wanted: exactly(2) })], gpus: [unused(2 * HOUR), unused(2 * HOUR), {}] },
      [],
    ],
    ['is left alone where only its own requests wait', { queue: [anEntry({ id: 'own' })] }, []],
    ['has five minutes after the warning', { reservation: warned(IDLE_WARNING_MS - 1) }, []],
    ['is released after them', { reservation: warned(IDLE_WARNING_MS) }, ['release']],
    [
      'is not released for somebody who came after the warning, but warned anew',
      { reservation: warned(IDLE_WARNING_MS), queue: [{ ...waiter, queuedAt: NOW - MINUTE }] },
      ['warn'],
    ],
    ['is not released when nobody waits any more', { reservation: warned(IDLE_WARNING_MS), queue: [] }, []],
    [
      'is warned anew when it was used after the warning',
      {
        reservation: warned(2 * HOUR),
        gpus: [unused(HOUR), unused(3 * HOUR)],
        queue: [{ ...waiter, queuedAt: NOW - 3 * HOUR }],
      },
      ['warn'],
    ],
    ['is warned anew when the clock was set back since', { reservation: warned(-MINUTE) }, ['warn']],
  ])('%s', (_, scene, expected) => {
    expect(acts(aScene(scene))).toEqual(expected)
  })

  test('is left alone where who waits is stopped', () => {
    expect(acts(aScene(), { waiter: 'stopped' })).toEqual([])
    expect(acts(aScene({ reservation: warned(IDLE_WARNING_MS) }), { waiter: 'stopped' })).toEqual([])
  })
})

/** What a probe at NOW changes. */
function tended(pool: Pool, usage = idle(2), idleReleaseMs: number | null = HOUR) {
  return tendIdle(pool, { usage, memoryThresholdMiB: 100, sightings: new Map(), now: NOW }, idleReleaseMs)
}

describe('a probe', () => {
  test('that shows the GPUs unused lets the holder be warned, which the log keeps', () => {
    const pool = aScene()
    const { changes } = tended(pool)
    expect(changes).toContainEqual({ kind: 'warn-idle', id: 'manual-1', at: NOW })
    expect(changes.at(-1)).toMatchObject({
      event: { kind: 'idle-warning', note: 'unused for 2h 0m 0s while 1 request(s) wait' },
    })
    expect(applyChanges(pool, changes)?.reservations).toMatchObject([{ idleWarnedAt: NOW }])
  })

  test('lets the holder be released as idle five minutes later', () => {
    const { changes } = tended(aScene({ reservation: warned(IDLE_WARNING_MS) }))
    expect(changes).toContainEqual({ kind: 'remove', id: 'manual-1', releasedAt: NOW })
    expect(changes.find(({ kind }) => kind === 'record')).toMatchObject({ record: { ending: 'idle' } })
  })

  test.each([
    ['in use', usageOf(busy(0), busy(900, 4711))],
    ['not reported', usageOf(busy(0), null)],
  ])('that shows a GPU %s at the last moment lets nothing happen to the holder', (_, usage) => {
    const { changes, result } = tended(aScene({ reservation: warned(IDLE_WARNING_MS) }), usage)
    expect(result).toEqual([])
    expect(changes.map(({ kind }) => kind)).toEqual(['observe'])
  })

  test('counts also when it comes so soon after the last one that it is not recorded', () => {
    const pool = { ...aScene({ reservation: warned(IDLE_WARNING_MS) }), observedAt: NOW - SECOND }
    expect(tended(pool, usageOf(busy(0), busy(900, 4711)))).toEqual({ changes: [], result: [] })
  })

  test('lets nothing happen to anybody where idle holders are left alone', () => {
    expect(tended(aScene({ reservation: warned(IDLE_WARNING_MS) }), idle(2), null).result).toEqual([])
  })
})

describe('a probe is due', () => {
  const due = (pool: Pool, idleReleaseMs: number | null = HOUR) =>
    isProbeDue(pool, { sightings: new Map(), idleReleaseMs, now: NOW })

  test.each<[what: string, isDue: boolean, pool: Pool]>([
    ['when the last one is old', true, { ...aScene({ queue: [] }), observedAt: NOW - MINUTE }],
    ['when none ever was', true, { ...aScene({ queue: [] }), observedAt: null }],
    ['when the last one lies in the future', true, { ...aScene({ queue: [] }), observedAt: NOW + MINUTE }],
    ['not while the last one is fresh', false, aScene({ queue: [] })],
    ['not while nothing is reserved', false, aPool({ observedAt: null })],
    ['when an idle holder is to be warned', true, aScene()],
  ])('%s', (_, expected, pool) => {
    expect(due(pool)).toBe(expected)
  })

  test('not for an idle holder where those are left alone', () => {
    expect(due(aScene(), null)).toBe(false)
  })
})

/** What happens in a pool, one after the other: the clock goes on, GPUs are used or not, requests come and go, and somebody tends. */
const events = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('tend' as const), after: fc.integer({ min: 1, max: 4 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('use' as const), used: fc.tuple(fc.boolean(), fc.boolean()) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), waits: fc.boolean() }) },
  ),
  { minLength: 20, maxLength: 60 },
)

test('is never released while used or without a waiter, nor without a warning five minutes and an idle time before', () => {
  let releases = 0
  fc.assert(
    fc.property(events, events => {
      let pool: Pool = aPool({
        gpus: 2,
        reservations: [held({ reservedAt: NOW, expiresAt: NOW + 99 * HOUR })],
      })
      let [now, used]: [number, readonly boolean[]] = [NOW, [false, false]]
      // The truth: when a probe saw it used; when the last warning was given; since when somebody has waited.
      let [lastUse, warnedAt, waitsSince] = [NOW, -Infinity, Infinity]
      for (const event of events) {
        if (event.kind === 'use') used = event.used
        else if (event.kind === 'wait') {
          if (event.waits !== pool.queue.length > 0) waitsSince = event.waits ? now : Infinity
          pool = {
            ...pool,
            queue: event.waits ? [{ ...waiter, queuedAt: waitsSince, heartbeatAt: now }] : [],
          }
        } else {
          now += event.after * MINUTE
          pool = { ...pool, queue: pool.queue.map(entry => ({ ...entry, heartbeatAt: now })) }
          const usage = usageOf(...used.map(isUsed => (isUsed ? busy(900, 1) : busy(0))))
          const facts = { usage, memoryThresholdMiB: 100, sightings: new Map(), now }
          const { changes, result } = tendIdle(pool, facts, 10 * MINUTE)
          pool = applyChanges(pool, changes) ?? pool
          if (used.includes(true)) lastUse = now
          for (const { kind } of result) {
            expect(used).not.toContain(true)
            expect(now - lastUse).toBeGreaterThanOrEqual(10 * MINUTE)
            expect(waitsSince).toBeLessThanOrEqual(now)
            if (kind === 'warn') warnedAt = now
            else {
              releases++
              expect(now - warnedAt).toBeGreaterThanOrEqual(IDLE_WARNING_MS)
              expect(warnedAt).toBeGreaterThanOrEqual(lastUse)
              expect(waitsSince).toBeLessThanOrEqual(warnedAt)
              return
            }
          }
        }
      }
    }),
    { numRuns: 1000 },
  )
  expect(releases).toBeGreaterThan(50)
})
