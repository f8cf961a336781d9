/** Processes that cannot be adopted. */

import { gpuList } from '../gpu-list.ts'
import { UserError } from './user-error.ts'

/** What keeps processes from being adopted. */
export type AdoptionObstacle =
  | { readonly kind: 'nothing-to-adopt' }
  | { readonly kind: 'not-running'; readonly pid: number }
  | { readonly kind: 'not-yours'; readonly pid: number; readonly userName: string }
  | { readonly kind: 'no-gpu'; readonly pid: number }
  | { readonly kind: 'several-users'; readonly userNames: readonly string[] }
  | { readonly kind: 'reserved'; readonly gpu: number; readonly by: string }
  | { readonly kind: 'reserved-already'; readonly gpus: readonly number[] }
  | { readonly kind: 'drained'; readonly gpu: number }
  | { readonly kind: 'shared'; readonly gpu: number; readonly pid: number; readonly userName: string }

export class CannotAdoptError extends UserError {
  readonly code = 'cannot-adopt'
  constructor(readonly obstacles: readonly AdoptionObstacle[]) {
    super(`Cannot adopt: ${obstacles.map(whyNotAdopted).join(', ')} - run 'canhazgpu status' for details`)
  }
}

function whyNotAdopted(obstacle: AdoptionObstacle): string {
  switch (obstacle.kind) {
    case 'nothing-to-adopt':
      return 'no process of yours uses a GPU without reservation'
    case 'not-running':
      return `PID ${obstacle.pid} is not running`
    case 'not-yours':
      return `PID ${obstacle.pid} belongs to ${obstacle.userName}`
    case 'no-gpu':
      return `PID ${obstacle.pid} uses no GPU of the pool`
    case 'several-users':
      return `the processes belong to ${obstacle.userNames.join(' and ')}, and a reservation has one holder`
    case 'reserved':
      return `GPU ${obstacle.gpu} is reserved by ${obstacle.by}`
    case 'reserved-already':
      return `GPU(s) ${gpuList(obstacle.gpus)} are reserved for the same user already`
    case 'drained':
      return `GPU ${obstacle.gpu} is drained`
    case 'shared':
      return `GPU ${obstacle.gpu} is used by PID ${obstacle.pid} of ${obstacle.userName}, too`
  }
}
