import type { Decision } from '../core/changes.ts'
import { DAY_MS } from '../core/duration.ts'
import { PoolMovedError } from '../core/errors.ts'
import type { Pool, RunReservation } from '../core/pool.ts'
import { type Kept, recordHeartbeat } from '../core/release.ts'
import { beatOverLosses, type Life } from '../core/restore.ts'
import type { Store } from '../store/store.ts'

/** A clock may be set back between an end and the look for it. */
const CLOCK_STEP_MS = DAY_MS

/**
 * How to record a sign of life, and to learn whether the reservation is still there; of one with a claim, over the losses of
 * its store, too.
 */
export function heartbeatOf(kept: Kept, claim: RunReservation | null): (store: Store) => Promise<boolean> {
  if (!claim) return store => store.update(inPool(pool => recordHeartbeat(pool, kept, Date.now()), false))
  let seenIn: Life | null = null
  let seenAt = claim.reservedAt
  async function beat(store: Store, own: RunReservation, isLost: boolean): Promise<boolean> {
    const now = Date.now()
    const known = { kept, claim: own, seenIn, isLost }
    const seen = await store.update((pool, life) =>
      whereItIs(pool, { isHeld: false, seenIn }, () => beatOverLosses(pool, life, known, now)),
    )
    seenIn = seen.seenIn
    if (seen.isHeld) seenAt = now
    return seen.isHeld
  }
  return async store => {
    if (await beat(store, claim, false)) return true
    // Whoever ends a reservation writes that down in the same step. So one that has not ended is in a store that was lost, or is
    // what it was before: an old copy of its data, or a replica that had not heard of everything.
    const records = await store.usageRecords(Math.min(seenAt, Date.now()) - CLOCK_STEP_MS)
    return !records.some(({ id }) => id === kept.id) && (await beat(store, claim, true))
  }
}

/** In a pool that is gone the reservation is, too, and nothing is left to do. */
export function inPool<T>(
  decide: (pool: Pool) => Decision<T>,
  inNoPool: T,
): (pool: Pool | null) => Decision<T> {
  return pool => (pool ? whereItIs(pool, inNoPool, () => decide(pool)) : { changes: [], result: inNoPool })
}

/**
 * A pool that has moved has new keepers where it is now, and here nothing is left to do.
 *
 * @throws {PoolMovedError} while it moves: to be tried again
 */
function whereItIs<T>(pool: Pool | null, hasLeft: T, decide: () => Decision<T>): Decision<T> {
  if (pool?.move?.state === 'left') return { changes: [], result: hasLeft }
  if (pool?.move) throw new PoolMovedError(pool.move)
  return decide()
}
