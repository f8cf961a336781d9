import type { Pool, Reservation } from '../core/pool.ts'
import { type Request, reserve, type Until } from '../core/reserve.ts'
import type { Usage } from '../core/usage.ts'
import type { Probe } from '../probe/probe.ts'
import { ownIdentity, sightAll } from '../process/identity.ts'
import type { Store } from '../store/store.ts'
import type { Context } from './command.ts'
import { initialized } from './context.ts'
import type { OptionValues } from './options.ts'
import { type requestOptions, wantedGpus } from './request-options.ts'

/** A request on its way to its GPUs. */
export interface Acquisition {
  readonly context: Context
  readonly store: Store
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
  { store, probe }: { store: Store; probe: Probe },
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
  const usage = await probe.usage()
  const answer = await store.update(stored => answerTo(acquisition, initialized(stored), usage))
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

/** What the rules say to a request, on this pool and at this moment. */
export function answerTo({ context, request }: Acquisition, pool: Pool, usage: Usage) {
  const { memoryThresholdMiB } = context
  return reserve(pool, request, { usage, memoryThresholdMiB, sightings: sightAll(pool), now: context.now() })
}
