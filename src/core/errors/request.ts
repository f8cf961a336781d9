/** Requests for GPUs that cannot be granted. */

import type { Availability, GpuAvailability } from '../allocate.ts'
import { formatDuration } from '../duration.ts'
import { displayName, type Gpu } from '../pool.ts'
import type { Waiting } from '../queue.ts'
import { UserError } from './user-error.ts'

/** Why GPUs of the pool could not be handed out, as counts; a GPU is counted once. */
export interface Shortage {
  readonly requested: number
  /** Neither reserved, nor in use, nor unknown. */
  readonly available: number
  readonly poolSize: number
  readonly reserved: number
  readonly inUseWithoutReservation: number
  /** What the probe could not confirm to be free. */
  readonly notValidated: number
  /** What an administrator keeps from being handed out. */
  readonly drained: number
  /** How many requests came before this one; GPUs that they need are not available. */
  readonly waitingBefore: number
}

export class NotEnoughGpusError extends UserError {
  readonly code = 'not-enough-gpus'
  override readonly exitStatus: number
  constructor(readonly shortage: Shortage) {
    const { requested, available, poolSize, reserved, drained, inUseWithoutReservation, notValidated } =
      shortage
    const moreThanPool = requested > poolSize
    const reasons = [
      moreThanPool ? `the pool has ${poolSize} GPUs` : '',
      reserved > 0 ? `${reserved} GPUs reserved` : '',
      drained > 0 ? `${drained} GPUs drained` : '',
      notValidated > 0 ? `${notValidated} GPUs not validated` : '',
      inUseWithoutReservation > 0 ? `${inUseWithoutReservation} GPUs in use without reservation` : '',
      waitingReason(shortage.waitingBefore),
    ].filter(reason => reason !== '')
    const next = moreThanPool ? `ask for at most ${poolSize}` : detailsIn(shortage.waitingBefore)
    super(
      `Not enough GPUs available. Requested: ${requested}, Available: ${available} (${reasons.join(', ')} - ${next})`,
    )
    // Waiting does not help when the pool is too small, so scripts must not try again.
    this.exitStatus = moreThanPool ? 1 : 75
  }
}

/** Some of the very GPUs that were asked for cannot be had now. */
export class GpusNotAvailableError extends UserError {
  readonly code = 'gpus-not-available'
  override readonly exitStatus = 75
  constructor(
    readonly taken: readonly GpuAvailability[],
    readonly waitingBefore: number,
  ) {
    const reasons = [
      ...taken.map(({ gpu, availability }) => `GPU ${gpu.index} ${whyTaken(gpu, availability)}`),
      waitingReason(waitingBefore),
    ].filter(reason => reason !== '')
    super(`GPUs not available: ${reasons.join(', ')} - ${detailsIn(waitingBefore)}`)
  }
}

function whyTaken({ drain }: Gpu, availability: Availability): string {
  switch (availability.state) {
    case 'reserved':
      return `is reserved by ${displayName(availability.reservation)}`
    case 'drained':
      return `is drained${drain?.note ? ` (${drain.note})` : ''}`
    case 'in-use':
      return 'is in use without reservation'
    case 'unknown':
      return 'is not validated'
    case 'available':
      return 'is available'
  }
}

/** The time that a request was ready to wait is over. */
export class WaitTimeoutError extends UserError {
  readonly code = 'wait-timeout'
  override readonly exitStatus = 75
  constructor(
    readonly waitedMs: number,
    readonly waiting: Waiting,
  ) {
    const { missing, position, wanted } = waiting
    super(
      `Gave up after waiting ${formatDuration(waitedMs)}: ${missing} of ${wanted.count} GPUs were missing, position ${position} in the line - run 'canhazgpu queue' for details`,
    )
  }
}

function waitingReason(count: number): string {
  if (count === 0) return ''
  return count === 1 ? '1 request is waiting before you' : `${count} requests are waiting before you`
}

/** Where a refusal is explained: the queue, when somebody is in it. */
function detailsIn(waitingBefore: number): string {
  return `run 'canhazgpu ${waitingBefore > 0 ? 'queue' : 'status'}' for details`
}
