import type { Change, Decision } from './changes.ts'
import { type Sightings, settle } from './expire.ts'
import { ended } from './history.ts'
import type { ManualReservation, Pool, Reservation } from './pool.ts'

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
      ...own.flatMap(reservation => ended(reservation, 'released', { endedAt: now, now })),
    ],
    result: own.flatMap(({ gpus }) => gpus).sort((a, b) => a - b),
  }
}

/** What a keeper may do to the one reservation that it keeps: its own user's, or anybody's when root adopted it for them. */
interface Kept {
  readonly id: string
  readonly uid: number
}

/** Ends one reservation whose command has ended; nothing happens when it is over already. */
export function releaseKept(pool: Pool, kept: Kept, now: number): Decision<void> {
  const reservation = findKept(pool, kept)
  return {
    changes: reservation ? ended(reservation, 'finished', { endedAt: now, now }) : [],
    result: undefined,
  }
}

/**
 * Records a sign of life for a run reservation.
 *
 * @returns whether the reservation is still there; its keeper has nothing left to do when it is not
 */
export function recordHeartbeat(pool: Pool, kept: Kept, now: number): Decision<boolean> {
  const isHeld = findKept(pool, kept) !== undefined
  const changes: Change[] = isHeld ? [{ kind: 'heartbeat', id: kept.id, at: now }] : []
  return { changes, result: isHeld }
}

/** The manual reservation that a keeper tells its holder about, undefined when it is gone. */
export function findKeptManual(pool: Pool, kept: Kept): ManualReservation | undefined {
  const reservation = findKept(pool, kept)
  return reservation?.type === 'manual' ? reservation : undefined
}

function findKept(pool: Pool, { id, uid }: Kept): Reservation | undefined {
  const { reservations } = pool
  return reservations.find(({ id: other, holder }) => other === id && (uid === 0 || holder.uid === uid))
}
