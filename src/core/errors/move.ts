import { displayName, type Move, type Reservation } from '../pool.ts'
import { UserError } from './user-error.ts'

/** A pool that is on its way to another store, or has arrived there. */
export class PoolMovedError extends UserError {
  readonly code = 'pool-moved'
  override readonly exitStatus: number
  constructor(readonly move: Move) {
    super(whereItIs(move))
    // While it moves, it is a matter of seconds.
    this.exitStatus = move.state === 'left' ? 1 : 75
  }
}

function whereItIs({ state, other }: Move): string {
  const again = `Try again in a moment; if 'canhazgpu migrate' was interrupted, run it again`
  switch (state) {
    case 'left':
      return `The pool has moved to ${other}. ${howToUse(other)} in /etc/canhazgpu/config.toml`
    case 'leaving':
      return `The pool is moving to ${other}, and nothing is handed out until it is there. ${again}`
    case 'arriving':
      return `The pool is still arriving here from ${other}, and nothing is handed out before. ${again}`
  }
}

/** A URL with a user name is shown without the password that goes with it, and alone would let nobody in. */
function howToUse(place: string): string {
  return /^rediss?(\+unix)?:\/\/[^/]*@/.test(place)
    ? 'Use --store-file FILE, a file that holds this URL with its password, or set store-file'
    : `Use --store ${asWord(place)}, or set it`
}

/** The `?` of a URL is a pattern to some shells (zsh refuses one that fits no file), and a path may hold anything. */
function asWord(place: string): string {
  return /^[\w@%+=:,./-]+$/.test(place) ? place : `'${place.replaceAll("'", `'\\''`)}'`
}

/** What keeps a pool from moving to another store. */
export type MoveObstacle =
  | { readonly kind: 'same-place' }
  /** There is a pool already, or another is moving there. */
  | { readonly kind: 'in-the-way'; readonly place: string }
  | { readonly kind: 'line'; readonly waiting: number }
  | { readonly kind: 'unseen-run' | 'others-run'; readonly run: Reservation }
  | { readonly kind: 'at-work' }
  /** It is too late to give up. */
  | { readonly kind: 'arrived'; readonly place: string }
  /** Somebody else has gone on with the move, or ended it. */
  | { readonly kind: 'changed' }

export class CannotMoveError extends UserError {
  readonly code = 'cannot-move'
  override readonly exitStatus: number
  constructor(readonly obstacle: MoveObstacle) {
    super(`Cannot move the pool: ${whyNotMoved(obstacle)}`)
    this.exitStatus = ['line', 'unseen-run', 'at-work', 'changed'].includes(obstacle.kind) ? 75 : 1
  }
}

function whyNotMoved(obstacle: MoveObstacle): string {
  switch (obstacle.kind) {
    case 'same-place':
      return 'it is there already. Name another store, for example --to sqlite:/var/lib/canhazgpu/pool.db'
    case 'in-the-way':
      return `there is a pool at ${obstacle.place}, which would be lost. Choose another place, or remove that pool`
    case 'line':
      return `${obstacle.waiting === 1 ? '1 request is' : `${obstacle.waiting} requests are`} waiting in line and would lose their place. Try again when nobody waits - run 'canhazgpu queue' for details`
    case 'unseen-run':
      return `${heldBy(obstacle.run)} by a command in a container, which cannot be told of the new place. Try again when it has ended`
    case 'others-run':
      return `${heldBy(obstacle.run)} by a running command that only root may keep at the new place. Use sudo`
    case 'at-work':
      return 'somebody else is moving it right now. Try again in a moment'
    case 'arrived':
      return `it is at ${obstacle.place} already. Move it from there back to here`
    case 'changed':
      return "somebody else has gone on with the move meanwhile. Run 'canhazgpu migrate' again to see how it stands"
  }
}

function heldBy(run: Reservation): string {
  return `GPU(s) [${run.gpus.join(', ')}] are held for ${displayName(run)}`
}
