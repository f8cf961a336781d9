/** The pool itself, and who may change it. */

import { displayName, type Reservation } from '../pool.ts'
import { nameOrRoot } from './name-or-root.ts'
import { UserError } from './user-error.ts'

export class PoolNotInitializedError extends UserError {
  readonly code = 'pool-not-initialized'
  /**
   * @param gpuCount how many GPUs the host has, null when that is not known; a pool of none cannot be made
   * @param store the option that says where the pool should be, as it is typed in a shell; null in the usual place
   */
  constructor(
    readonly gpuCount: number | null,
    readonly store: string | null,
  ) {
    super(
      `GPU pool is not initialized. Ask an administrator to run: canhazgpu admin --gpus ${gpuCount || '<count>'}` +
        (store === null ? '' : ` ${store}`),
    )
  }
}

export class PoolAlreadyInitializedError extends UserError {
  readonly code = 'pool-already-initialized'
  constructor(
    readonly gpuCount: number,
    readonly reservationCount: number,
  ) {
    super(
      `GPU pool is already initialized with ${gpuCount} GPUs. Use --force to reinitialize it, ` +
        `which clears all reservations (now ${reservationCount})`,
    )
  }
}

/** What only those may do to a pool who administer it: whoever made it, and root. */
export type AdministratorsAct = 'reinitialize' | 'resize' | 'drain GPUs of' | 'undrain GPUs of' | 'move'

export class NotAdministratorError extends UserError {
  readonly code = 'not-administrator'
  constructor(
    readonly path: string,
    readonly administratorName: string,
    readonly act: AdministratorsAct,
  ) {
    super(`Only ${nameOrRoot(administratorName)} may ${act} the pool ${path}. Use sudo, or ask them`)
  }
}

/** A pool cannot lose GPUs that somebody holds. */
export class GpusHeldError extends UserError {
  readonly code = 'gpus-held'
  /** @param held the reservations of GPUs that would go away */
  constructor(
    readonly gpuCount: number,
    readonly held: readonly Reservation[],
  ) {
    const gpus = held
      .flatMap(reservation => reservation.gpus.map(index => ({ index, reservation })))
      .filter(({ index }) => index >= gpuCount)
      .sort((a, b) => a.index - b.index)
    const holders = gpus.map(
      ({ index, reservation }) => `GPU ${index} is reserved by ${displayName(reservation)}`,
    )
    super(
      `Cannot shrink the pool to ${gpuCount} GPUs: ${holders.join(', ')}. Keep what goes away from being handed out again ` +
        `with 'canhazgpu admin --drain ${gpus.map(({ index }) => index).join(',')}', and shrink when it is free`,
    )
  }
}

export class NoSuchGpuError extends UserError {
  readonly code = 'no-such-gpu'
  constructor(
    readonly index: number,
    readonly poolSize: number,
  ) {
    super(`GPU ${index} is not in the pool. Use IDs 0 to ${poolSize - 1}`)
  }
}
