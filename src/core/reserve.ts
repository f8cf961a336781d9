import { availability, leastRecentlyUsed } from './allocate.ts'
import { NotEnoughGpusError } from './errors.ts'
import { type Sightings, settle } from './expire.ts'
import type { Decision, Holder, Pool, ProcessIdentity, Reservation } from './pool.ts'
import type { Usage } from './usage.ts'

/** One holder's wish for a number of GPUs: all of them or none. */
export interface Request {
  /** The id that the reservation gets. */
  readonly id: string
  readonly holder: Holder
  /** An integer of at least 1. */
  readonly count: number
  /** What the reservation lives by: a process (`run`) or a time (`manual`). */
  readonly until: { readonly process: ProcessIdentity } | { readonly durationMs: number }
}

/** What is known of the world at the moment of the decision. */
export interface Facts {
  readonly usage: Usage
  readonly memoryThresholdMiB: number
  readonly sightings: Sightings
  readonly now: number
}

/**
 * Gives a request its GPUs: validated to be free, least recently used first.
 *
 * @throws {NotEnoughGpusError} when fewer are available than asked for; then nothing is taken
 */
export function reserve(pool: Pool, request: Request, facts: Facts): Decision<Reservation> {
  const settled = settle(pool, facts.sightings, facts.now)
  const gpus = availability(settled.pool, facts.usage, facts.memoryThresholdMiB)
  const available = gpus.filter(({ availability: { state } }) => state === 'available').map(({ gpu }) => gpu)
  if (available.length < request.count) {
    const countOf = (wanted: string) => gpus.filter(gpu => gpu.availability.state === wanted).length
    throw new NotEnoughGpusError({
      requested: request.count,
      available: available.length,
      poolSize: pool.gpus.length,
      reserved: countOf('reserved'),
      inUseWithoutReservation: countOf('in-use'),
      notValidated: countOf('unknown'),
    })
  }
  const claim = {
    id: request.id,
    holder: request.holder,
    gpus: leastRecentlyUsed(available, request.count),
    reservedAt: facts.now,
  }
  const { until } = request
  const reservation: Reservation =
    'process' in until
      ? { ...claim, type: 'run', process: until.process, heartbeatAt: facts.now }
      : { ...claim, type: 'manual', expiresAt: facts.now + until.durationMs }
  return { changes: [...settled.changes, { kind: 'add', reservation }], result: reservation }
}
