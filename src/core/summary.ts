import type { GpuStatus } from './status.ts'

/** The pool in numbers. Every GPU is counted once. */
export interface PoolSummary {
  readonly gpus: number
  /** Validated to be free: neither reserved, nor drained, nor in use, nor unknown. */
  readonly free: number
  readonly reserved: number
  readonly drained: number
  readonly inUseWithoutReservation: number
  /** Not reserved, and nobody can say whether they are in use. */
  readonly notValidated: number
  /** Requests in the line. */
  readonly waiting: number
}

export function summarize(statuses: readonly GpuStatus[], waiting: number): PoolSummary {
  const countOf = (place: Place) => statuses.filter(status => placeOf(status) === place).length
  return {
    gpus: statuses.length,
    free: countOf('free'),
    reserved: countOf('reserved'),
    drained: countOf('drained'),
    inUseWithoutReservation: countOf('in-use-without-reservation'),
    notValidated: countOf('unknown'),
    waiting,
  }
}

type Place = 'free' | 'reserved' | 'drained' | 'in-use-without-reservation' | 'unknown'

/** What a GPU counts as. `status` shows one that nobody has reserved as available also when no tool answers; it is not known to be free. */
function placeOf(status: GpuStatus): Place {
  if (status.state === 'available') return status.validation.kind === 'idle' ? 'free' : 'unknown'
  return status.state === 'unavailable' ? 'unknown' : status.state
}
