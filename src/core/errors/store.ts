/** Where the pool lives, and why it cannot be used. */

import { UserError } from './user-error.ts'

export class StoreAccessError extends UserError {
  readonly code = 'store-access'
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    // Nobody's rights make room on a read-only file system, or shorten a name.
    const next =
      reason === 'permission denied' ? 'Use sudo, or choose a place of your own' : 'Choose another place'
    super(`Cannot create the pool ${path}: ${reason}. ${next} with --store sqlite:PATH`)
  }
}

/** A process that holds the store's lock. */
export interface LockingProcess {
  readonly pid: number
  readonly userName: string
  readonly command: string
}

export class StoreBusyError extends UserError {
  readonly code = 'store-busy'
  constructor(
    readonly path: string,
    readonly waitedMs: number,
    readonly lockedBy: LockingProcess | null,
  ) {
    const by = lockedBy
      ? `PID ${lockedBy.pid} (${lockedBy.command}) of user ${lockedBy.userName}`
      : 'another process'
    super(`The pool ${path} has been locked for ${waitedMs / 1000}s by ${by}. Try again, or end that process`)
  }
}

export class StoreDamagedError extends UserError {
  readonly code = 'store-damaged'
  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(
      `The pool ${path} is damaged (${reason}). Nothing was changed; move the file away and run 'canhazgpu admin' again`,
    )
  }
}

export class StoreTooNewError extends UserError {
  readonly code = 'store-too-new'
  constructor(
    readonly path: string,
    readonly version: number,
    readonly knownVersion: number,
  ) {
    super(
      `The pool ${path} was made by a newer canhazgpu (schema ${version}, this one knows up to ${knownVersion}). Install the newer version`,
    )
  }
}

export class StoreFailedError extends UserError {
  readonly code = 'store-failed'
  constructor(
    readonly path: string,
    readonly action: 'read' | 'write',
    readonly reason: string,
    readonly next: string,
  ) {
    super(`Cannot ${action} the pool ${path}: ${reason}. Nothing was changed; ${next}`)
  }
}
