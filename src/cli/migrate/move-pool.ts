import { CannotMoveError, PoolMovedError, PoolNotInitializedError, UserError } from '../../core/errors.ts'
import {
  arrive,
  fill,
  giveUp,
  hasArrived,
  leave,
  left,
  type Mover,
  type Places,
  prepare,
  stay,
} from '../../core/move.ts'
import type { Pool } from '../../core/pool.ts'
import type { Store } from '../../store/store.ts'
import { type Copied, copyHistory } from './copy-history.ts'

/** A move between two stores, which are open to write. */
export interface Relocation {
  readonly source: Store
  readonly target: Store
  readonly places: Places
  readonly newId: string
  /** Who moves it, as it is at this moment. */
  mover(pool: Pool): Mover
  /** Sees to it that what runs is kept at the new place, where the pool is now. */
  handOver(pool: Pool): void
}

export interface Moved {
  readonly pool: Pool
  /** null where an earlier attempt has copied it all. */
  readonly copied: Copied | null
}

/**
 * Moves a pool, or goes on with a move that was interrupted; see core/move.ts for the steps.
 *
 * @throws {PoolNotInitializedError} when there is none to move
 * @throws {PoolMovedError} when it has moved already
 * @throws {CannotMoveError}
 */
export async function movePool(relocation: Relocation): Promise<Moved> {
  const { source, target, places, newId, mover, handOver } = relocation
  const before = await source.read()
  if (!before) throw new PoolNotInitializedError(null, null)
  if (before.move && before.move.state !== 'leaving') throw new PoolMovedError(before.move)
  let copied: Copied | null = null
  if (!hasArrived(await target.read(), before, places.to)) {
    // What speaks against it is to be said before anything is touched.
    leave(before, places.to, newId, mover(before))
    const id = await target.update(pool => prepare(pool, before, places, newId))
    const pool = await source
      .update(pool => leave(pool, places.to, id, mover(pool ?? before)))
      .catch(async (error: unknown) => {
        // Also where it may have left all the same: then a new place is begun when the move goes on.
        if (error instanceof UserError) await target.update(pool => giveUp(pool, places.from))
        throw error
      })
    await target.update(present => fill(present, id, pool))
    copied = await copyHistory(source, target, id)
    await target.update(present => arrive(present, id, mover(pool)))
  }
  const pool = await target.read()
  if (!pool) throw new CannotMoveError({ kind: 'changed' })
  handOver(pool)
  await source.update(left)
  return { pool, copied }
}

/**
 * Gives up a move that was interrupted: the pool stays where it was.
 *
 * @returns whether there was one
 * @throws {CannotMoveError} when it has arrived already
 */
export async function undoMove({
  source,
  target,
  places,
}: Pick<Relocation, 'source' | 'target' | 'places'>): Promise<boolean> {
  const [before, there] = [await source.read(), await target.read()]
  if (!before) throw new PoolNotInitializedError(null, null)
  if (hasArrived(there, before, places.to) || before.move?.state === 'left')
    throw new CannotMoveError({ kind: 'arrived', place: places.to })
  // In this order: so nobody can go on with it when the pool is at work again.
  await target.update(pool => giveUp(pool, places.from))
  return source.update(pool => stay(pool, places.to))
}
