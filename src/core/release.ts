import { type Sightings, settle } from './expire.ts'
import type { Change, Decision, Pool } from './pool.ts'

/**
 * Ends all manual reservations of one user: never another's, and never a run's.
 *
 * @returns the GPUs that came free, ascending; none when the user has no manual reservation left
 */
export function releaseManual(
  pool: Pool,
  uid: number,
  sightings: Sightings,
  now: number,
): Decision<number[]> {
  const settled = settle(pool, sightings, now)
  const own = settled.pool.reservations.filter(({ type, holder }) => type === 'manual' && holder.uid === uid)
  return {
    changes: [
      ...settled.changes,
      ...own.map((reservation): Change => ({ kind: 'remove', id: reservation.id, releasedAt: now })),
    ],
    result: own.flatMap(({ gpus }) => gpus).sort((a, b) => a - b),
  }
}

/** What a keeper may do to the one reservation that it keeps, and to no other user's. */
interface Kept {
  readonly id: string
  readonly uid: number
}

/** Ends one reservation; nothing happens when it is over already. */
export function releaseKept(pool: Pool, { id, uid }: Kept, now: number): Decision<void> {
  const changes: Change[] = isHeld(pool, { id, uid }) ? [{ kind: 'remove', id, releasedAt: now }] : []
  return { changes, result: undefined }
}

/**
 * Records a sign of life for a run reservation.
 *
 * @returns whether the reservation is still there; its keeper has nothing left to do when it is not
 */
export function recordHeartbeat(pool: Pool, { id, uid }: Kept, now: number): Decision<boolean> {
  const held = isHeld(pool, { id, uid })
  return { changes: held ? [{ kind: 'heartbeat', id, at: now }] : [], result: held }
}

function isHeld(pool: Pool, { id, uid }: Kept): boolean {
  return pool.reservations.some(reservation => reservation.id === id && reservation.holder.uid === uid)
}
