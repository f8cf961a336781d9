import type { Gpu, Pool, Reservation } from './pool.ts'
import { isInUse, type Usage } from './usage.ts'

/** What a GPU of the pool is to somebody who asks for one. */
export type Availability =
  | { readonly state: 'available' }
  | { readonly state: 'reserved'; readonly reservation: Reservation }
  | { readonly state: 'in-use' }
  /** The probe could not confirm that it is free. */
  | { readonly state: 'unknown' }

/** Each GPU of a settled pool with its availability, ascending. Reserved comes before in use: the holder may use it. */
export function availability(
  pool: Pool,
  usage: Usage | null,
  memoryThresholdMiB: number,
): { gpu: Gpu; availability: Availability }[] {
  const holders = new Map(
    pool.reservations.flatMap(reservation => reservation.gpus.map(index => [index, reservation])),
  )
  return pool.gpus.map(gpu => {
    const reservation = holders.get(gpu.index)
    if (reservation) return { gpu, availability: { state: 'reserved', reservation } }
    const seen = usage?.gpus.get(gpu.index)
    if (!seen) return { gpu, availability: { state: 'unknown' } }
    return { gpu, availability: { state: isInUse(seen, memoryThresholdMiB) ? 'in-use' : 'available' } }
  })
}

/**
 * Chooses GPUs for a request: the ones released longest ago.
 *
 * A GPU that was never released comes first; a tie goes to the lower index, so every store and every run gives the same answer.
 *
 * @param candidates GPUs that may be handed out, at least `count` of them
 * @param count how many to choose, an integer of at least 1
 * @returns the chosen indices, ascending
 */
export function leastRecentlyUsed(candidates: readonly Gpu[], count: number): number[] {
  return candidates
    .toSorted(
      (a, b) => (a.lastReleasedAt ?? -Infinity) - (b.lastReleasedAt ?? -Infinity) || a.index - b.index,
    )
    .slice(0, count)
    .map(gpu => gpu.index)
    .sort((a, b) => a - b)
}
