import { describe, expect, test } from 'bun:test'
import { NotEnoughGpusError } from '../../src/core/errors.ts'
import type { Wanted } from '../../src/core/pool.ts'
import { breachOf } from '../helpers/simulator-breach.ts'
import { type Rules, rules } from '../helpers/simulator-stage.ts'

/** Gives what another wish would get, where it would get something. */
const givesAsIf =
  (wish: (wanted: Wanted) => Partial<Wanted>): Rules['reserve'] =>
  (pool, request, facts) => {
    const wanted = { ...request.wanted, ...wish(request.wanted) }
    const decision = rules.reserve(pool, { ...request, wanted }, facts)
    return decision.result.kind === 'granted' ? decision : rules.reserve(pool, request, facts)
  }

describe('the simulator notices rules that', () => {
  test.each<[string, Partial<Rules>, RegExp]>([
    [
      'do not count who waits before',
      {
        reserve: (...args) => {
          const { changes, result } = rules.reserve(...args)
          if (result.kind !== 'refused' || !(result.error instanceof NotEnoughGpusError))
            return { changes, result }
          const error = new NotEnoughGpusError({ ...result.error.shortage, waitingBefore: 0 })
          return { changes, result: { kind: 'refused', error } }
        },
      },
      /^counts/,
    ],
    [
      'let somebody wait for more than there is',
      {
        reserve: (pool, request, facts) => {
          const decision = rules.reserve(pool, request, facts)
          const { waiter, wanted } = request
          if (decision.result.kind !== 'refused' || !waiter || wanted.count <= pool.gpus.length)
            return decision
          const all = { ...wanted, count: pool.gpus.length }
          const none = { ...facts, usage: { tool: 'none', gpus: new Map() } }
          return rules.reserve(pool, { ...request, wanted: all }, none)
        },
      },
      /^hopeless/,
    ],
    [
      'refuse who is ready to wait',
      { reserve: (pool, request, facts) => rules.reserve(pool, { ...request, waiter: null }, facts) },
      /^impatient/,
    ],
    ['go by no policy but lru', { reserve: givesAsIf(() => ({ policy: 'lru' })) }, /^pack/],
    ['forget whom a GPU was', { reserve: givesAsIf(() => ({ policy: 'pack' })) }, /^mru-user/],
    ['give other GPUs than were asked for', { reserve: givesAsIf(() => ({ gpuIds: null })) }, /^wanted/],
    [
      'tell a wrong place',
      {
        poolQueue: (...args) =>
          rules.poolQueue(...args).map(({ waiting, ...queued }) => ({
            ...queued,
            waiting: { ...waiting, position: 1 },
          })),
      },
      /^explained/,
    ],
    ['show nobody who waits', { poolQueue: () => [] }, /^queue/],
  ])('%s', (_, broken, breach) => {
    expect(breachOf(breach, { broken })).toMatch(breach)
  })
})
