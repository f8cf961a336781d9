import { describe, expect, test } from 'bun:test'
import { NotEnoughGpusError, type Shortage } from '../../src/core/errors.ts'
import type { Pool } from '../../src/core/pool.ts'
import type { Answer, Facts } from '../../src/core/reserve.ts'
import { idle } from '../helpers/pools.ts'
import { breachOf } from '../helpers/simulator-breach.ts'
import { type Rules, rules } from '../helpers/simulator-stage.ts'

describe('the simulator notices rules that', () => {
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
      /^I4: .* is over and still there/,
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
      /^I5: GPU .* was not validated as free/,
    ],
    [
      'believe what was seen before somebody had a GPU',
      { reserve: withFacts(({ usage: { poolThen: _, ...usage } }) => ({ usage })) },
      /^I5: GPU .* was not validated as free/,
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
        reserve: (pool, request, facts) => {
          const gpus = pool.gpus.map(gpu => ({ ...gpu, lastHolderUid: request.holder.uid }))
          const wanted = { ...request.wanted, policy: 'mru-user' as const }
          const decision = rules.reserve({ ...pool, gpus }, { ...request, wanted }, facts)
          return decision.result.kind === 'granted' ? decision : rules.reserve(pool, request, facts)
        },
      },
      /^lru/,
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
      { administer: (pool, wish, ...rest) => rules.administer(pool, { ...wish, force: true }, ...rest) },
      /^admin: cleared|^I2: admin without --force/,
    ],
  ])('%s', (_, broken, breach) => {
    expect(breachOf(breach, { broken })).toMatch(breach)
  })
})

function shortageOf(answer: Answer): Shortage | null {
  return answer.kind === 'refused' && answer.error instanceof NotEnoughGpusError
    ? answer.error.shortage
    : null
}
