import { isOutdated, poolThen } from '../core/outdated.ts'
import type { Pool, Reservation } from '../core/pool.ts'
import { type Answer, type Request, reserve, type Until } from '../core/reserve.ts'
import type { Usage } from '../core/usage.ts'
import type { Probe } from '../probe/probe.ts'
import { ownIdentity, sightAll } from '../process/identity.ts'
import type { Context, ProbedPool } from './command.ts'
import { initialized } from './context.ts'
import { leaveForOthers } from './leave-for-others.ts'
import type { OptionValues } from './options.ts'
import type { WaitersStore } from './patience.ts'
import { type requestOptions, wantedGpus } from './request-options.ts'

/** How often the tool is asked where GPUs keep coming free while it looks. */
const MOST_LOOKS = 3

/** A request on its way to its GPUs. */
export interface Acquisition {
  readonly context: Context
  readonly store: WaitersStore
  readonly probe: Probe
  readonly request: Request
  /** How long it is ready to wait, in milliseconds; Infinity for as long as it takes. */
  readonly patienceMs: number
}

/**
 * Gets somebody the GPUs that they asked for: now, or with `--wait` after a time in the line.
 *
 * @throws {UserError} when the request is refused, or has waited long enough
 */
export async function acquire(
  context: Context,
  { store, probe, ...first }: ProbedPool,
  options: OptionValues<typeof requestOptions>,
  until: Until,
): Promise<Reservation> {
  const request: Request = {
    id: context.newId(),
    holder: context.holder,
    alias: options.user,
    note: options.note,
    wanted: wantedGpus(options),
    until,
    waiter: options.wait === null ? null : ownIdentity(),
  }
  // From when the reservation would be over anyway, waiting is pointless.
  const mostMs = 'at' in until ? Math.max(0, until.at - context.now()) : Infinity
  const patienceMs = Math.min(options.wait ?? 0, mostMs)
  const acquisition = { context, store, probe, request, patienceMs }
  let pool = first.pool
  let askedAt: number | undefined = first.askedAt
  let usage: Usage
  let answer: Answer | null
  let looks = 0
  let lookedAt: number
  do {
    lookedAt = askedAt ?? context.now()
    usage = await usageFor(pool, acquisition, askedAt)
    const isLast = ++looks === MOST_LOOKS
    answer = await store.update(stored => {
      const present = initialized(stored)
      const decision = answerTo(acquisition, present, usage)
      const isEnough = isLast || decision.result.kind === 'granted' || !hasAged(usage, present, context)
      return isEnough ? decision : { changes: [], result: null }
    })
    if (answer === null) {
      askedAt = undefined
      pool = initialized(await store.read())
    }
  } while (answer === null)
  await leaveForOthers(store, usage, { pool, now: context.now(), askedAt: lookedAt })
  switch (answer.kind) {
    case 'granted':
      return answer.reservation
    case 'refused':
      throw answer.error
    case 'waiting': {
      const { waitInLine } = await import('./wait.ts')
      return waitInLine(acquisition, { waiting: answer.waiting, usage })
    }
  }
}

/**
 * What is on the GPUs, and what the pool was when the tool began to look.
 *
 * @param askedAt when it began, where that was before the pool was read
 */
export async function usageFor(
  pool: Pool,
  { context, probe }: Acquisition,
  askedAt?: number,
): Promise<Usage> {
  const then = poolThen(pool, sightAll(pool), context.now(), askedAt)
  return { ...(await probe.usage()), poolThen: then }
}

/** Whether GPUs have come free since the tool began to look, so that another look may show them to be free. */
export function hasAged({ poolThen }: Usage, pool: Pool, { now }: Context): boolean {
  return poolThen !== undefined && isOutdated(poolThen, pool, sightAll(pool), now())
}

/** What the rules say to a request, on this pool and at this moment. */
export function answerTo({ context, request }: Acquisition, pool: Pool, usage: Usage) {
  const { memoryThresholdMiB } = context
  return reserve(pool, request, { usage, memoryThresholdMiB, sightings: sightAll(pool), now: context.now() })
}
