import { describe, expect, test } from 'bun:test'
import type { Change, Decision } from '../../src/core/changes.ts'
import { ExtensionDelaysError, GpusHeldError } from '../../src/core/errors.ts'
import type { Pool } from '../../src/core/pool.ts'
import { MINUTE } from '../helpers/pools.ts'
import { altered, breachOf, without } from '../helpers/simulator-breach.ts'
import { type Rules, rules } from '../helpers/simulator-stage.ts'

const isRecord = ({ kind }: Change) => kind === 'record'
type Decide = (...args: never) => Decision<unknown>
const undrained = (pool: Pool): Pool => ({ ...pool, gpus: pool.gpus.map(gpu => ({ ...gpu, drain: null })) })

describe('the simulator notices rules that', () => {
  test.each<[string, Partial<Rules>, RegExp]>([
    [
      'hand out what is drained',
      { reserve: (pool, ...rest) => rules.reserve(undrained(pool), ...rest) },
      /^drained: GPU \d+ was handed out/,
    ],
    [
      'believe an old look',
      {
        reserve: (pool, request, { usage: { tool, gpus }, ...facts }) =>
          rules.reserve(pool, request, { ...facts, usage: { tool, gpus } }),
      },
      /^I5: GPU \d+ was not validated as free/,
    ],
    [
      'let a GPU that is held leave the pool',
      {
        administer: (pool, wish, ...rest) => {
          if (!pool || wish.force || wish.gpuCount === null) return rules.administer(pool, wish, ...rest)
          const { changes, result } = rules.administer({ ...pool, reservations: [] }, wish, ...rest)
          return { changes, result }
        },
      },
      /would go away while it is reserved/,
    ],
    [
      'never let a pool shrink',
      {
        administer: (pool, wish, ...rest) => {
          if (!pool || wish.force || wish.gpuCount === null || wish.gpuCount >= pool.gpus.length)
            return rules.administer(pool, wish, ...rest)
          throw new GpusHeldError(wish.gpuCount, pool.reservations)
        },
      },
      /^held/,
    ],
    [
      'clear the line when a pool is resized',
      {
        administer: (pool, wish, ...rest) => {
          const { changes, result } = rules.administer(pool, wish, ...rest)
          const all = pool?.queue.map(({ id }) => ({ kind: 'dequeue', id }) as const) ?? []
          return { changes: [...changes, ...(wish.force ? [] : all)], result }
        },
      },
      /^I3: .* lives and left the line/,
    ],
    ...(['reserve', 'releaseKept', 'releaseManual', 'releaseByWord', 'administer', 'tendIdle'] as const).map(
      (name): [string, Partial<Rules>, RegExp] => [
        `keep no record of what ends, in ${name}`,
        { [name]: (...args: never) => without((rules[name] as Decide)(...args), isRecord) },
        /^history: missing \[record/,
      ],
    ),
    [
      'keep a record twice',
      {
        releaseManual: (...args) =>
          altered(rules.releaseManual(...args), change => (isRecord(change) ? [change, change] : [change])),
      },
      /^history: missing \[\], told \[\]/,
    ],
    [
      'keep a wrong ending',
      {
        releaseKept: (...args) =>
          altered(rules.releaseKept(...args), change =>
            change.kind === 'record'
              ? [{ ...change, record: { ...change.record, ending: 'released' } }]
              : [change],
          ),
      },
      /^history: missing \[record .* finished/,
    ],
    [
      'tell nobody that a request joined',
      {
        reserve: (...args) =>
          without(rules.reserve(...args), change => change.kind === 'log' && change.event.kind === 'queued'),
      },
      /^history: missing \[event queued/,
    ],
    [
      'tell a thing twice',
      {
        reserve: (...args) =>
          altered(rules.reserve(...args), change => (change.kind === 'log' ? [change, change] : [change])),
      },
      /^history: .* 2 instead of 1/,
    ],
    [
      "do not tell that it was root's word",
      {
        releaseByWord: (pool, { by, ...rest }, ...facts) =>
          rules.releaseByWord(
            pool,
            { by: pool.reservations.find(({ id }) => rest.ids.includes(id))?.holder ?? by, ...rest },
            ...facts,
          ),
      },
      /^history: missing \[event released .* by 0/,
    ],
    [
      'release more than they were told to',
      {
        releaseByWord: (pool, { ids: _, ...rest }, ...facts) =>
          rules.releaseByWord(pool, { ...rest, ids: pool.reservations.map(({ id }) => id) }, ...facts),
      },
      /^I2: .* disappeared/,
    ],
    [
      'extend at the cost of those who wait',
      { extend: (pool, ...rest) => rules.extend({ ...pool, queue: [] }, ...rest) },
      /^extend: delays \d who wait/,
    ],
    [
      'warn nobody before an idle release',
      {
        tendIdle: (pool, facts, idleReleaseMs) => {
          const reservations = pool.reservations.map(reservation =>
            reservation.type === 'manual'
              ? { ...reservation, idleWarnedAt: facts.now - 6 * MINUTE }
              : reservation,
          )
          const queue = pool.queue.map(entry => ({ ...entry, queuedAt: 0 }))
          return rules.tendIdle({ ...pool, reservations, queue }, facts, idleReleaseMs)
        },
      },
      /^idle: \[.*release/,
    ],
    [
      'take idle GPUs though only a stopped one waits',
      {
        tendIdle: (pool, facts, ...rest) =>
          rules.tendIdle(
            pool,
            {
              ...facts,
              sightings: new Map(
                [...facts.sightings].map(([id, seen]) => [id, seen === 'stopped' ? 'alive' : seen]),
              ),
            },
            ...rest,
          ),
      },
      /^idle: \[(warn|release)/,
    ],
    [
      'refuse every extension while somebody waits',
      {
        extend: (pool, ...rest) => {
          const decision = rules.extend(pool, ...rest)
          if (pool.queue.length > 0) throw new ExtensionDelaysError(pool.queue.length)
          return decision
        },
      },
      /^extend: delays \d+, not 0/,
    ],
    [
      'only ever warn who is idle',
      {
        tendIdle: (pool, facts, idleReleaseMs) => {
          const decision = rules.tendIdle(pool, facts, idleReleaseMs)
          const isOnlyWarned = decision.result.every(({ kind }) => kind === 'warn')
          return isOnlyWarned ? decision : rules.tendIdle(pool, facts, null)
        },
      },
      /^idle: \[\], not \[release/,
    ],
    [
      'adopt what is reserved for others',
      {
        adopt: (pool, adoption, facts) =>
          rules.adopt(
            {
              ...pool,
              reservations: pool.reservations.filter(({ holder }) => holder.uid === adoption.by.uid),
            },
            adoption,
            facts,
          ),
      },
      /would be reserved twice/,
    ],
    [
      'adopt what is drained',
      { adopt: (pool, ...rest) => rules.adopt(undrained(pool), ...rest) },
      /^adopt: \[\d.*\], not \[undefined\]/,
    ],
    [
      "adopt others' processes",
      {
        adopt: (pool, adoption, facts) => {
          const processes = new Map(
            [...facts.processes].map(([pid, process]) => [pid, { ...process, owner: adoption.by }]),
          )
          return rules.adopt(pool, adoption, { ...facts, processes })
        },
      },
      /^adopt: \[\d.*\], not \[undefined\]/,
    ],
  ])('%s', (_, broken, breach) => {
    expect(breachOf(breach, { broken }, 2000)).toMatch(breach)
  })
})
