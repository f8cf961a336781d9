/** Reservations that cannot be changed or ended as somebody wants it. */

import { gpuList } from '../gpu-list.ts'
import type { Holder } from '../pool.ts'
import { nameOrRoot } from './name-or-root.ts'
import { UserError } from './user-error.ts'

/** An extension that a request in the line would have to pay for. */
export class ExtensionDelaysError extends UserError {
  readonly code = 'extension-delays'
  override readonly exitStatus = 75
  /** @param waiting how many requests could start later */
  constructor(readonly waiting: number) {
    const who = waiting === 1 ? '1 request that waits' : `${waiting} requests that wait`
    super(
      `Cannot extend: ${who} for these GPUs could start later. The end stays as it is - run 'canhazgpu queue' for details`,
    )
  }
}

export class NoManualReservationError extends UserError {
  readonly code = 'no-manual-reservation'
  constructor() {
    super(
      "No manually reserved GPUs found for current user, so there is nothing to extend. Use 'canhazgpu reserve'",
    )
  }
}

export class NotYourGpusError extends UserError {
  readonly code = 'not-your-gpus'
  constructor(readonly gpus: readonly number[]) {
    super(
      `GPU(s) ${gpuList(gpus)} are in no manual reservation of yours. Run 'canhazgpu status' to see whose they are`,
    )
  }
}

/** Somebody wants to end what is another's. */
export class NotHolderError extends UserError {
  readonly code = 'not-holder'
  constructor(
    readonly index: number,
    readonly holder: Holder,
    readonly shownName: string,
  ) {
    super(
      `GPU ${index} is reserved by ${shownName}. Only ${nameOrRoot(holder.userName)} may release it; nothing was released`,
    )
  }
}

/** A command whose GPUs were to be released goes on. */
export class CommandStillRunsError extends UserError {
  readonly code = 'command-still-runs'
  constructor(
    readonly pid: number,
    readonly gpus: readonly number[],
    readonly reason: 'denied' | 'survived',
  ) {
    const [what, next] =
      reason === 'denied'
        ? ['is not yours to end', 'Use sudo, or ask whoever started it']
        : ['does not end, not even by SIGKILL', "A driver may hang: run 'canhazgpu doctor'"]
    super(`PID ${pid} ${what}, so GPU(s) ${gpuList(gpus)} stay reserved. ${next}`)
  }
}
