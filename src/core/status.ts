import { type Availability, availability } from './allocate.ts'
import { type Sightings, settle } from './expire.ts'
import type { Drain, Gpu, Pool, Reservation } from './pool.ts'
import { type GpuProcess, isInUse, memoryInUseMiB, type Usage } from './usage.ts'

/** What `status` says of one GPU. */
export type GpuStatus = { readonly index: number } & (
  | { readonly state: 'available'; readonly lastReleasedAt: number | null; readonly validation: Validation }
  | {
      readonly state: 'reserved'
      readonly reservation: Reservation
      readonly validation: Validation
      /** Not handed out again after this holder; null where it is. */
      readonly drain: Drain | null
    }
  | {
      readonly state: 'in-use-without-reservation'
      readonly memoryMiB: number | null
      readonly processes: readonly GpuProcess[]
      readonly drain: Drain | null
    }
  | { readonly state: 'drained'; readonly drain: Drain; readonly validation: Validation }
  /** `tool` was asked and did not report this GPU, or could not read it. */
  | { readonly state: 'unavailable'; readonly tool: string }
)

export type Validation =
  | { readonly kind: 'in-use'; readonly memoryMiB: number | null; readonly processCount: number }
  /** `unusedSince` is null where nobody has observed that yet. */
  | { readonly kind: 'idle'; readonly memoryMiB: number | null; readonly unusedSince: number | null }
  /** Nothing can be said of any GPU: the tool failed. */
  | { readonly kind: 'not-validated' }
  /** The tool answered, but not about this GPU. */
  | { readonly kind: 'not-reported'; readonly tool: string }

/** What is known of the world when somebody looks at the pool. */
export interface PoolFacts {
  /** What the probe saw, or null when the tool failed. */
  readonly usage: Usage | null
  readonly memoryThresholdMiB: number
  readonly sightings: Sightings
  readonly now: number
}

/**
 * The state of every GPU, ascending, as it is at `now`: reservations that are over are not shown, whether or not
 * somebody has written that down yet.
 */
export function poolStatus(pool: Pool, facts: PoolFacts): GpuStatus[] {
  const { usage, memoryThresholdMiB } = facts
  const settled = settle(pool, facts.sightings, facts.now).pool
  return availability(settled, usage, memoryThresholdMiB).map(({ gpu, availability }) =>
    gpuStatus(gpu, availability, usage, memoryThresholdMiB),
  )
}

function gpuStatus(
  gpu: Gpu,
  availability: Availability,
  usage: Usage | null,
  memoryThresholdMiB: number,
): GpuStatus {
  const { index, lastReleasedAt } = gpu
  const validation = validate(gpu, usage, memoryThresholdMiB)
  switch (availability.state) {
    case 'reserved':
      return { index, state: 'reserved', reservation: availability.reservation, validation, drain: gpu.drain }
    case 'available':
      return { index, state: 'available', lastReleasedAt, validation }
    case 'in-use':
      return unreservedUse(gpu, usage)
    case 'drained':
      if (validation.kind === 'in-use' || !gpu.drain) return unreservedUse(gpu, usage)
      return { index, state: 'drained', drain: gpu.drain, validation }
    case 'unknown':
      // With no answer, or one from before it came free, the pool's own word is all there is: nobody has reserved it.
      return usage && !usage.gpus.has(index)
        ? { index, state: 'unavailable', tool: usage.tool }
        : { index, state: 'available', lastReleasedAt, validation: { kind: 'not-validated' } }
  }
}

function unreservedUse({ index, drain }: Gpu, usage: Usage | null): GpuStatus {
  const seen = usage?.gpus.get(index)
  return {
    index,
    state: 'in-use-without-reservation',
    memoryMiB: seen ? memoryInUseMiB(seen) : null,
    processes: seen?.processes ?? [],
    drain,
  }
}

function validate({ index, unusedSince }: Gpu, usage: Usage | null, memoryThresholdMiB: number): Validation {
  if (!usage) return { kind: 'not-validated' }
  const seen = usage.gpus.get(index)
  if (!seen) return { kind: 'not-reported', tool: usage.tool }
  const memoryMiB = memoryInUseMiB(seen)
  return isInUse(seen, memoryThresholdMiB)
    ? { kind: 'in-use', memoryMiB, processCount: seen.processes.length }
    : { kind: 'idle', memoryMiB, unusedSince }
}
