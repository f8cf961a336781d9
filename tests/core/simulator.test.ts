import { describe, expect, test } from 'bun:test'
import { NotEnoughGpusError, type Shortage } from '../../src/core/errors.ts'
import type { Pool } from '../../src/core/pool.ts'
import type { Answer, Facts } from '../../src/core/reserve.ts'
import { aPool, idle } from '../helpers/pools.ts'
import { playSchedule } from '../helpers/simulator.ts'
import { type Rules, rules } from '../helpers/simulator-stage.ts'
import { thrownBy } from '../helpers/thrown.ts'

/** `CANHAZGPU_SCHEDULES=100000` plays more of them, `CANHAZGPU_SEED=7` this one alone. */
const { CANHAZGPU_SCHEDULES, CANHAZGPU_SEED } = process.env

const seeds = CANHAZGPU_SEED ? [Number(CANHAZGPU_SEED)] : firstSeeds(Number(CANHAZGPU_SCHEDULES || 5000))

test(`keeps every promise in ${seeds.length} schedules`, () => {
  for (const seed of seeds) playSchedule(seed)
  expect(seeds).not.toBeEmpty()
})

test('plays schedules that come to everything there is', () => {
  const times = new Map<string, number>()
  const happened = (what: string) => times.set(what, (times.get(what) ?? 0) + 1)
  for (const seed of firstSeeds(500)) playSchedule(seed, { happened })
  const often = [...times].flatMap(([what, count]) => (count >= 50 ? [what] : []))
  expect(often.sort()).toEqual([
    'a clock set back',
    'a clock set forward',
    'a grant',
    'a grant that reclaims',
    'a keeper that comes too late',
    'a probe that failed',
    'a reboot',
    'a refusal with available',
    'a refusal with inUseWithoutReservation',
    'a refusal with notValidated',
    'a refusal with poolSize',
    'a refusal with requested',
    'a refusal with reserved',
    'a release',
    'a release by a keeper',
    'a status',
    'a status when the probe failed',
    'an admin who clears reservations',
    'an admin who is refused',
    'an end that a keeper sees',
    'an end that no keeper sees',
  ])
})

test('plays the same schedule again for the same seed', () => {
  const play = (seed: number) => {
    const story: string[] = []
    playSchedule(seed, { happened: what => story.push(what) })
    return story
  }
  expect(play(7)).toEqual(play(7))
  expect(play(7)).not.toEqual(play(8))
})

test('tells the seed of a schedule in which a promise was broken', () => {
  const { message } = firstBreach({ releaseKept: () => ({ changes: [], result: undefined }) })
  const seed = Number(/CANHAZGPU_SEED=(\d+)$/.exec(message)?.[1])
  expect(() => playSchedule(seed)).not.toThrow()
  expect(message).toMatch(/^ledger: .*\n\(step \d+, after .*keeperReleases\)\n/)
})

describe('notices rules that', () => {
  const withFacts =
    (change: (facts: Facts, pool: Pool) => Partial<Facts>): Rules['reserve'] =>
    (pool, request, facts) =>
      rules.reserve(pool, request, { ...facts, ...change(facts, pool) })
  const allAlive = (pool: Pool) => new Map(pool.reservations.map(({ id }) => [id, 'alive' as const]))

  test.each<[string, Partial<Rules>, RegExp]>([
    [
      'give what is reserved',
      { reserve: (pool, ...rest) => rules.reserve({ ...pool, reservations: [] }, ...rest) },
      /would be reserved twice/,
    ],
    [
      'give what is reserved, in a store that lets them',
      {
        reserve: (pool, ...rest) => rules.reserve({ ...pool, reservations: [] }, ...rest),
        applyChanges: (before, changes) => {
          let pool = before
          for (const change of changes) {
            if (change.kind !== 'add' || !pool) pool = rules.applyChanges(pool, [change])
            else pool = { ...pool, reservations: pool.reservations.concat(change.reservation) }
          }
          return pool
        },
      },
      /^I1: GPU \d has two reservations/,
    ],
    [
      'take what is reserved away',
      {
        reserve: (pool, request, facts) => {
          const [victim] = pool.reservations
          if (!victim) return rules.reserve(pool, request, facts)
          const emptied = { ...pool, reservations: pool.reservations.slice(1) }
          const { changes, result } = rules.reserve(emptied, request, facts)
          return { changes: [{ kind: 'remove', id: victim.id, releasedAt: 0 }, ...changes], result }
        },
      },
      /^I2: .* disappeared/,
    ],
    [
      'release for everybody',
      {
        releaseManual: (pool, uid, sightings, now) => {
          const { changes, result } = rules.releaseManual(pool, uid, sightings, now)
          const all = pool.reservations.map(({ id }) => ({ kind: 'remove', id, releasedAt: now }) as const)
          return { changes: [...changes, ...all], result }
        },
      },
      /^I2: .* disappeared/,
    ],
    [
      "release others' runs",
      {
        releaseKept: (pool, { id }, now) => ({
          changes: [{ kind: 'remove', id, releasedAt: now }],
          result: rules.releaseKept(pool, { id, uid: 0 }, now).result,
        }),
      },
      /^I2: .* disappeared/,
    ],
    [
      'believe every process to be alive',
      { reserve: withFacts((_, pool) => ({ sightings: allAlive(pool) })) },
      /^(I4|counts|refused|LRU|ledger)/,
    ],
    [
      'do not write down who is gone',
      {
        releaseManual: (pool, ...rest) => {
          const { changes, result } = rules.releaseManual(pool, ...rest)
          return { changes: result.length > 0 ? changes : [], result }
        },
      },
      /^I4: .* is over and still there/,
    ],
    [
      'give what is in use',
      { reserve: withFacts(({ usage }) => ({ usage: { ...usage, gpus: idle(12).gpus } })) },
      /^(I5|counts)/,
    ],
    [
      'give half',
      {
        reserve: (pool, request, facts) => {
          const decision = rules.reserve(pool, request, facts)
          const shortage = shortageOf(decision.result)
          if (!shortage || shortage.available === 0) return decision
          const wanted = { ...request.wanted, count: shortage.available }
          return rules.reserve(pool, { ...request, wanted }, facts)
        },
      },
      /^half/,
    ],
    [
      'give the most recently used',
      {
        reserve: (pool, ...rest) => {
          const gpus = pool.gpus.map(gpu => ({ ...gpu, lastReleasedAt: -(gpu.lastReleasedAt ?? Infinity) }))
          return rules.reserve({ ...pool, gpus }, ...rest)
        },
      },
      /^LRU/,
    ],
    [
      'count wrongly',
      {
        reserve: (pool, request, facts) => {
          const decision = rules.reserve(pool, request, facts)
          const shortage = shortageOf(decision.result)
          if (!shortage) return decision
          const error = new NotEnoughGpusError({ ...shortage, reserved: shortage.reserved + 1 })
          return { ...decision, result: { kind: 'refused', error } }
        },
      },
      /^counts/,
    ],
    [
      'show what is over',
      {
        poolStatus: (pool, facts) => rules.poolStatus(pool, { ...facts, now: 0, sightings: allAlive(pool) }),
      },
      /^status/,
    ],
    [
      'start over without being told to',
      { initialize: (_, wish, now) => rules.initialize(aPool(), { ...wish, force: true }, now) },
      /^(I2|admin)/,
    ],
  ])('%s', (_, broken, breach) => {
    expect(firstBreach(broken).message).toMatch(breach)
  })
})

function shortageOf(answer: Answer): Shortage | null {
  return answer.kind === 'refused' && answer.error instanceof NotEnoughGpusError
    ? answer.error.shortage
    : null
}

function firstBreach(broken: Partial<Rules>): Error {
  return thrownBy(() => {
    for (const seed of firstSeeds(200)) playSchedule(seed, { broken })
  }, Error)
}

function firstSeeds(count: number): number[] {
  return Array.from({ length: count }, (_, place) => place + 1)
}
