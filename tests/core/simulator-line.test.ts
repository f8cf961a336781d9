import { describe, expect, test } from 'bun:test'
import type { Sighting, Sightings } from '../../src/core/expire.ts'
import { DAY } from '../helpers/pools.ts'
import { altered, breachOf, without } from '../helpers/simulator-breach.ts'
import { type Rules, rules } from '../helpers/simulator-stage.ts'

type Reserve = Rules['reserve']

/** Gives by another rule where that gives something; all else stays as it is. */
const gives =
  (rule: Reserve): Reserve =>
  (pool, request, facts) => {
    const decision = rule(pool, request, facts)
    return decision.result.kind === 'granted' ? decision : rules.reserve(pool, request, facts)
  }

const stoppedAs = (sighting: Sighting, sightings: Sightings): Sightings =>
  new Map([...sightings].map(([id, seen]) => [id, seen === 'stopped' ? sighting : seen]))

const seeingAs =
  (sighting: Sighting): Reserve =>
  (pool, request, facts) =>
    rules.reserve(pool, request, { ...facts, sightings: stoppedAs(sighting, facts.sightings) })

/** Gives what a request would get that ends at once, and lets it last. */
const givesTooLong: Reserve = (pool, request, facts) => {
  const isRun = 'process' in request.until
  const until = isRun ? { ...request.until, durationMs: 1 } : { durationMs: 1 }
  const { gpus } = pool
  const decision = rules.reserve(pool, { ...request, until }, facts)
  if (decision.result.kind !== 'granted') return decision
  const all = decision.result.reservation.gpus
  const free = gpus.filter(({ index }) => all.includes(index))
  return rules.reserve({ ...pool, gpus: free, queue: [] }, request, facts)
}

describe('the simulator notices rules that', () => {
  test.each<[string, Partial<Rules>, RegExp]>([
    [
      'let a newcomer jump',
      {
        reserve: gives((pool, request, facts) => {
          const isWaiting = pool.queue.some(({ id }) => id === request.id)
          return rules.reserve(isWaiting ? pool : { ...pool, queue: [] }, request, facts)
        }),
      },
      /^jump: .* may delay/,
    ],
    [
      'let one that waits jump, so that small requests starve big ones',
      {
        reserve: gives((pool, request, facts) => {
          const queue = pool.queue.filter(({ id }) => id === request.id)
          return rules.reserve({ ...pool, queue }, request, facts)
        }),
      },
      /^jump: .* may delay/,
    ],
    [
      'let the last be the first',
      {
        reserve: gives((pool, ...rest) =>
          rules.reserve({ ...pool, queue: pool.queue.toReversed() }, ...rest),
        ),
      },
      /^jump: .* may delay/,
    ],
    ['let those pass who end too late', { reserve: gives(givesTooLong) }, /^jump: .* may delay/],
    [
      'count on holders without a known end to stay',
      {
        reserve: gives((pool, request, facts) => {
          const reservations = pool.reservations.map(reservation =>
            reservation.type === 'run' && reservation.endsAt === null
              ? { ...reservation, endsAt: facts.now + 100 * DAY }
              : reservation,
          )
          return rules.reserve({ ...pool, reservations }, request, facts)
        }),
      },
      /^jump: .* may delay/,
    ],
    [
      'let nobody pass, ever',
      {
        reserve: (pool, request, facts) => {
          const decision = rules.reserve(pool, request, facts)
          const isBehind = pool.queue.length > 0 && pool.queue[0]?.id !== request.id
          if (decision.result.kind !== 'granted' || !isBehind) return decision
          return rules.reserve(pool, request, { ...facts, usage: { tool: 'none', gpus: new Map() } })
        },
      },
      /^idle: .* waits though it could start/,
    ],
    [
      'hand out a part to one that waits',
      {
        reserve: (pool, request, facts) => {
          const decision = rules.reserve(pool, request, facts)
          if (decision.result.kind !== 'waiting' || decision.result.waiting.missing >= request.wanted.count)
            return decision
          const count = request.wanted.count - decision.result.waiting.missing
          const part = rules.reserve(pool, { ...request, wanted: { ...request.wanted, count } }, facts)
          const added = part.changes.filter(({ kind }) => kind === 'add')
          return { ...decision, changes: [...decision.changes, ...added] }
        },
      },
      /^line: .* waits and has GPUs/,
    ],
    [
      'leave the place of one that starts',
      { reserve: (...args) => without(rules.reserve(...args), ({ kind }) => kind === 'dequeue') },
      /^line: .* waits and has GPUs/,
    ],
    [
      'leave the place of one that is dead',
      {
        releaseManual: (...args) => without(rules.releaseManual(...args), ({ kind }) => kind === 'dequeue'),
      },
      /^ledger: the line is/,
    ],
    [
      'leave the place of one that gives up',
      { leaveQueue: () => ({ changes: [], result: undefined }) },
      /^ledger: the line is/,
    ],
    [
      'send somebody else away with one that gives up',
      {
        leaveQueue: ({ queue }) => ({
          changes: queue.map(({ id }) => ({ kind: 'dequeue', id })),
          result: undefined,
        }),
      },
      /^I3: .* lives and left the line/,
    ],
    ['send those away who are stopped', { reserve: seeingAs('gone') }, /^I3: .* lives and left the line/],
    [
      'let those who are stopped block the line',
      { reserve: seeingAs('alive') },
      /^(idle: .* waits though it could start|counts|refused)/,
    ],
    [
      'put one that asks again at the end',
      {
        reserve: (pool, request, facts) => {
          const { changes, result } = rules.reserve(pool, request, facts)
          const entry = pool.queue.find(({ id }) => id === request.id)
          if (result.kind !== 'waiting' || !entry) return { changes, result }
          const again = [{ kind: 'dequeue', id: entry.id } as const, { kind: 'enqueue', entry } as const]
          return { changes: [...changes, ...again], result }
        },
      },
      /^I3: .* has lost its place/,
    ],
    [
      'put one that joins to the front',
      {
        applyChanges: (before, changes) => {
          const after = rules.applyChanges(before, changes)
          const isJoined = changes.some(({ kind }) => kind === 'enqueue')
          const last = after?.queue.at(-1)
          return after && last && isJoined ? { ...after, queue: [last, ...after.queue.slice(0, -1)] } : after
        },
      },
      /^I3: .* has lost its place/,
    ],
    [
      'let one wait twice',
      {
        applyChanges: (before, changes) => {
          const after = rules.applyChanges(before, changes)
          const joined = changes.flatMap(change => (change.kind === 'enqueue' ? [change.entry] : []))
          return after && { ...after, queue: [...after.queue, ...joined] }
        },
      },
      /^I3: twice in the line/,
    ],
    [
      'keep the line when the pool is made anew',
      {
        applyChanges: (before, changes) => {
          const after = rules.applyChanges(before, changes)
          const isAnew = changes.some(({ kind }) => kind === 'initialize')
          return after && before && isAnew ? { ...after, queue: before.queue } : after
        },
      },
      /^ledger: the line is/,
    ],
    [
      'record no sign of life of those who wait',
      { stayInQueue: () => ({ changes: [], result: undefined }) },
      /^ledger: .* was altered in the line/,
    ],
    [
      'forget since when somebody waits',
      {
        reserve: (...args) =>
          altered(rules.reserve(...args), change =>
            change.kind === 'add'
              ? [{ ...change, reservation: { ...change.reservation, waitedMs: 0 } }]
              : [change],
          ),
      },
      /^ledger: .* was altered/,
    ],
  ])('%s', (_, broken, breach) => {
    expect(breachOf(breach, { broken })).toMatch(breach)
  })

  // Told not to judge single answers, but only what comes of them: else the first one would be a breach.
  const isJudged = false

  test('never let a big request start', () => {
    const reserve: Reserve = (pool, request, facts) => {
      const { wanted, waiter } = request
      if (!waiter || wanted.count === 1) return rules.reserve(pool, request, facts)
      const gpus = pool.gpus.map(gpu => ({ ...gpu, drain: { at: 0, by: request.holder, note: null } }))
      return rules.reserve({ ...pool, gpus }, request, facts)
    }
    expect(breachOf(/^starved/, { broken: { reserve }, isJudged })).toMatch(/^starved/)
  })

  test('serve small requests first, whoever came first', () => {
    const reserve = gives((pool, request, facts) => {
      const queue = pool.queue.filter(
        ({ id, wanted }) => id === request.id || wanted.count < request.wanted.count,
      )
      return rules.reserve({ ...pool, queue }, request, facts)
    })
    expect(breachOf(/^starved/, { broken: { reserve }, isJudged })).toMatch(/^starved/)
  })
})
