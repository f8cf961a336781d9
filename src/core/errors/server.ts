import { UserError } from './user-error.ts'

/** A server that cannot be reached, or does not answer. */
export class StoreUnreachableError extends UserError {
  readonly code = 'store-unreachable'
  constructor(
    readonly url: string,
    readonly reason: string,
    /** Whether the server may have done what it was asked before it fell silent. */
    readonly mayBeDone: boolean,
  ) {
    const consequence = mayBeDone
      ? "Whether it was done is not known: see 'canhazgpu status' when it answers again"
      : 'Nothing was changed; check that the server runs, and its address'
    super(`Cannot reach the store ${url}: ${reason}. ${consequence}`)
  }
}

/** A server that does not do what it is asked. */
export class StoreRefusesError extends UserError {
  readonly code = 'store-refuses'
  constructor(
    readonly url: string,
    readonly reason: string,
    readonly next: string,
    /** Whether this is a state of the server that may pass, and nothing about who asks, or how. */
    readonly mayPass = false,
  ) {
    super(`The store ${url} cannot be used: ${reason}. Nothing was changed; ${next}`)
  }
}

/** What is under a key of ours is not what we keep there. */
export class StoreGarbledError extends UserError {
  readonly code = 'store-garbled'
  constructor(
    readonly url: string,
    readonly key: string,
    readonly reason: string,
  ) {
    super(
      `Cannot understand ${key} in the store ${url}: ${reason}. Nothing was changed; look at it with redis-cli, delete it, and run 'canhazgpu admin' again`,
    )
  }
}
