import { availability } from './allocate.ts'
import type { Decision } from './changes.ts'
import { delayedRequests } from './delay.ts'
import { ExtensionDelaysError, NoManualReservationError, NotYourGpusError } from './errors.ts'
import { type Sightings, settle } from './expire.ts'
import { logged } from './history.ts'
import type { Holder, ManualReservation, Pool } from './pool.ts'
import { DEFAULT_MEMORY_THRESHOLD_MIB } from './usage.ts'

export interface Extension {
  readonly holder: Holder
  /** Only the reservations that these GPUs are in; null for all that the holder has. */
  readonly gpuIds: readonly number[] | null
  /** How much longer. */
  readonly durationMs: number
}

/**
 * Moves the end of a user's manual reservations, of all that are asked for or of none.
 *
 * Nobody keeps a GPU longer at the cost of a request that waits: it joined the line trusting in the ends that were known.
 *
 * @returns the reservations with their new ends, in the order of their GPUs
 * @throws {NoManualReservationError} when the user has none
 * @throws {NotYourGpusError} when one of the GPUs is in none of them
 * @throws {ExtensionDelaysError} when a request that waits could start later for it
 */
export function extend(
  pool: Pool,
  { holder, gpuIds, durationMs }: Extension,
  { sightings, now }: { sightings: Sightings; now: number },
): Decision<ManualReservation[]> {
  const settled = settle(pool, sightings, now)
  const own = settled.pool.reservations.filter(
    (reservation): reservation is ManualReservation =>
      reservation.type === 'manual' && reservation.holder.uid === holder.uid,
  )
  const others = gpuIds?.filter(id => !own.some(({ gpus }) => gpus.includes(id))) ?? []
  if (others.length > 0) throw new NotYourGpusError(others)
  const chosen = own.filter(({ gpus }) => gpuIds === null || gpus.some(index => gpuIds.includes(index)))
  if (chosen.length === 0) throw new NoManualReservationError()

  const extended = chosen
    .map(reservation => ({ ...reservation, expiresAt: reservation.expiresAt + durationMs }))
    .sort((a, b) => (a.gpus[0] ?? 0) - (b.gpus[0] ?? 0))
  const laterEnds = new Map(extended.flatMap(({ gpus, expiresAt }) => gpus.map(index => [index, expiresAt])))
  // What is on the GPUs is not asked for: whoever uses one without reservation may be gone at any moment, too.
  const gpus = availability(settled.pool, null, DEFAULT_MEMORY_THRESHOLD_MIB)
  const delayed = delayedRequests(gpus, laterEnds, settled.pool.queue)
  if (delayed.length > 0) throw new ExtensionDelaysError(delayed.length)
  return {
    changes: [
      ...settled.changes,
      ...extended.flatMap(reservation => [
        { kind: 'extend', id: reservation.id, expiresAt: reservation.expiresAt } as const,
        logged('extended', reservation, now),
      ]),
    ],
    result: extended,
  }
}
