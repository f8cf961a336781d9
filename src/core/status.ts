import { type Availability, availability } from './allocate.ts'
import { type Sightings, settle } from './expire.ts'
import type { Gpu, Pool, Reservation } from './pool.ts'
import { type GpuProcess, isInUse, memoryInUseMiB, type Usage } from './usage.ts'

/** What `status` says of one GPU. */
export type GpuStatus = { readonly index: number } & (
  | { readonly state: 'available'; readonly lastReleasedAt: number | null; readonly validation: Validation }
  | { readonly state: 'reserved'; readonly reservation: Reservation; readonly validation: Validation }
  | {
      readonly state: 'in-use-without-reservation'
      readonly memoryMiB: number | null
      readonly processes: readonly GpuProcess[]
    }
  /** `tool` was asked and did not report this GPU, or could not read it. */
  | { readonly state: 'unavailable'; readonly tool: string }
)

export type Validation =
  | { readonly kind: 'in-use'; readonly memoryMiB: number | null; readonly processCount: number }
  | { readonly kind: 'idle'; readonly memoryMiB: number | null }
  /** Nothing can be said of any GPU: the tool failed. */
  | { readonly kind: 'not-validated' }
  /** The tool answered, but not about this GPU. */
  | { readonly kind: 'not-reported'; readonly tool: string }

/**
 * The state of every GPU, ascending, as it is at `now`: reservations that are over are not shown, whether or not
 * somebody has written that down yet.
 *
 * @param usage what the probe saw, or null when the tool failed
 */
export function poolStatus(
  pool: Pool,
  facts: { usage: Usage | null; memoryThresholdMiB: number; sightings: Sightings; now: number },
): GpuStatus[] {
  const { usage, memoryThresholdMiB } = facts
  const settled = settle(pool, facts.sightings, facts.now).pool
  return availability(settled, usage, memoryThresholdMiB).map(({ gpu, availability }) =>
    gpuStatus(gpu, availability, usage, memoryThresholdMiB),
  )
}

function gpuStatus(
  { index, lastReleasedAt }: Gpu,
  availability: Availability,
  usage: Usage | null,
  memoryThresholdMiB: number,
): GpuStatus {
  const validation = validate(index, usage, memoryThresholdMiB)
  switch (availability.state) {
    case 'reserved':
      return { index, state: 'reserved', reservation: availability.reservation, validation }
    case 'available':
      return { index, state: 'available', lastReleasedAt, validation }
    case 'in-use': {
      const seen = usage?.gpus.get(index)
      return {
        index,
        state: 'in-use-without-reservation',
        memoryMiB: seen ? memoryInUseMiB(seen) : null,
        processes: seen?.processes ?? [],
      }
    }
    case 'unknown':
      // With no answer at all the pool's own word is all there is: nobody has reserved it.
      return usage
        ? { index, state: 'unavailable', tool: usage.tool }
        : { index, state: 'available', lastReleasedAt, validation }
  }
}

function validate(index: number, usage: Usage | null, memoryThresholdMiB: number): Validation {
  if (!usage) return { kind: 'not-validated' }
  const seen = usage.gpus.get(index)
  if (!seen) return { kind: 'not-reported', tool: usage.tool }
  const memoryMiB = memoryInUseMiB(seen)
  return isInUse(seen, memoryThresholdMiB)
    ? { kind: 'in-use', memoryMiB, processCount: seen.processes.length }
    : { kind: 'idle', memoryMiB }
}
