import { cameFree } from './outdated.ts'
import type { Gpu, Policy, Pool, Reservation } from './pool.ts'
import { isInUse, type Usage } from './usage.ts'

/** What a GPU of the pool is to somebody who asks for one. */
export type Availability =
  | { readonly state: 'available' }
  | { readonly state: 'reserved'; readonly reservation: Reservation }
  /** An administrator keeps it from being handed out. */
  | { readonly state: 'drained' }
  | { readonly state: 'in-use' }
  /** The probe could not confirm that it is free. */
  | { readonly state: 'unknown' }

export interface GpuAvailability {
  readonly gpu: Gpu
  readonly availability: Availability
}

/** Each GPU of a settled pool with its availability, ascending. Reserved comes before in use: the holder may use it. */
export function availability(pool: Pool, usage: Usage | null, memoryThresholdMiB: number): GpuAvailability[] {
  const holders = new Map(
    pool.reservations.flatMap(reservation => reservation.gpus.map(index => [index, reservation])),
  )
  return pool.gpus.map(gpu => {
    const reservation = holders.get(gpu.index)
    if (reservation) return { gpu, availability: { state: 'reserved', reservation } }
    if (gpu.drain) return { gpu, availability: { state: 'drained' } }
    const seen = usage?.gpus.get(gpu.index)
    const isOutdated = usage?.poolThen && cameFree(gpu, usage.poolThen)
    if (!seen || isOutdated) return { gpu, availability: { state: 'unknown' } }
    return { gpu, availability: { state: isInUse(seen, memoryThresholdMiB) ? 'in-use' : 'available' } }
  })
}

/**
 * Chooses GPUs for a request.
 *
 * - `lru`: the ones released longest ago. A GPU that was never released comes first.
 * - `mru-user`: the ones that this user had last, the most recent first; then as `lru`.
 * - `pack`: neighbours by index, out of the smallest gap that is large enough, so that large gaps stay whole for large
 *   requests; where no gap is large enough, the largest ones first.
 *
 * A tie goes to the lower index, so every store and every run gives the same answer.
 *
 * @param candidates GPUs that may be handed out, ascending, at least `count` of them
 * @param count how many to choose, an integer of at least 1
 * @returns the chosen indices, ascending
 */
export function choose(policy: Policy, candidates: readonly Gpu[], count: number, uid: number): number[] {
  return inOrder(policy, candidates, count, uid)
    .slice(0, count)
    .map(gpu => gpu.index)
    .sort((a, b) => a - b)
}

function inOrder(policy: Policy, candidates: readonly Gpu[], count: number, uid: number): readonly Gpu[] {
  switch (policy) {
    case 'lru':
      return byRelease(candidates)
    case 'mru-user': {
      const own = candidates.filter(gpu => gpu.lastHolderUid === uid)
      const others = candidates.filter(gpu => gpu.lastHolderUid !== uid)
      return [...byRelease(own, -1), ...byRelease(others)]
    }
    case 'pack': {
      const gaps = gapsOf(candidates)
      const fitting = gaps.filter(gap => gap.length >= count).sort((a, b) => a.length - b.length)
      return fitting[0] ?? gaps.sort((a, b) => b.length - a.length).flat()
    }
  }
}

/** The one released longest ago first, or last with a direction of -1; a GPU that was never released counts as released before time began. */
function byRelease(candidates: readonly Gpu[], direction: 1 | -1 = 1): Gpu[] {
  const releasedAt = (gpu: Gpu) => gpu.lastReleasedAt ?? Number.MIN_SAFE_INTEGER
  return candidates.toSorted((a, b) => direction * (releasedAt(a) - releasedAt(b)) || a.index - b.index)
}

/** The candidates in runs of neighbouring indices. */
function gapsOf(candidates: readonly Gpu[]): Gpu[][] {
  const gaps: Gpu[][] = []
  for (const gpu of candidates) {
    const last = gaps.at(-1)
    if (last?.at(-1)?.index === gpu.index - 1) last.push(gpu)
    else gaps.push([gpu])
  }
  return gaps
}
