import type { Change, Decision } from './changes.ts'
import { NoSuchGpuError, NotHolderError } from './errors.ts'
import { endOf, type Sightings, settle } from './expire.ts'
import { ended, logged } from './history.ts'
import { displayName, type Holder, type ManualReservation, type Pool, type Reservation } from './pool.ts'

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

/** What `release --gpu-ids` comes to. */
export interface ReleasePlan {
  /** Those that it ends, each as a whole, in the order of their first GPUs. */
  readonly live: readonly Reservation[]
  /** Those that are over already, which nobody has written down yet. */
  readonly over: readonly Reservation[]
  /** The GPUs asked for that nobody has reserved. */
  readonly notReserved: readonly number[]
}

/**
 * Which reservations a user ends who releases some GPUs: manual ones and runs, but only their own; root ends anybody's.
 *
 * @throws {NoSuchGpuError}
 * @throws {NotHolderError} when one of the GPUs is another's; then nothing is to be released
 */
export function planRelease(
  pool: Pool,
  { by, gpuIds }: { by: Holder; gpuIds: readonly number[] },
  sightings: Sightings,
  now: number,
): ReleasePlan {
  const missing = gpuIds.find(id => !pool.gpus.some(({ index }) => index === id))
  if (missing !== undefined) throw new NoSuchGpuError(missing, pool.gpus.length)
  const isOver = (reservation: Reservation) => endOf(reservation, sightings, now) !== null
  const isOwn = ({ holder }: Reservation) => by.uid === 0 || holder.uid === by.uid
  const asked = pool.reservations
    .filter(({ gpus }) => gpus.some(index => gpuIds.includes(index)))
    .sort((a, b) => (a.gpus[0] ?? 0) - (b.gpus[0] ?? 0))
  const live = asked.filter(reservation => !isOver(reservation))
  const others = live.find(reservation => !isOwn(reservation))
  if (others) {
    const index = others.gpus.find(index => gpuIds.includes(index)) ?? 0
    throw new NotHolderError(index, others.holder, displayName(others))
  }
  const over = asked.filter(reservation => isOver(reservation) && isOwn(reservation))
  const released = [...live, ...over].flatMap(({ gpus }) => gpus)
  return { live, over, notReserved: gpuIds.filter(id => !released.includes(id)) }
}

/**
 * Ends reservations at the word of their holder or of root, and keeps whose word it was. A run whose command is about to be
 * ended stays reserved until it has: its GPUs are in use.
 *
 * @param ids reservations that end now
 * @param endingIds runs whose command is about to be ended
 * @returns the reservations that have ended, without those that were over before
 */
export function releaseByWord(
  pool: Pool,
  { by, ids, endingIds }: { by: Holder; ids: readonly string[]; endingIds: readonly string[] },
  sightings: Sightings,
  now: number,
): Decision<Reservation[]> {
  const settled = settle(pool, sightings, now)
  const { reservations } = settled.pool
  const released = reservations.filter(({ id }) => ids.includes(id))
  const ending = reservations.filter(({ id }) => endingIds.includes(id))
  return {
    changes: [
      ...settled.changes,
      ...released.flatMap(reservation => ended(reservation, 'released', { endedAt: now, now, by })),
      ...ending.map(reservation => logged('released', reservation, now, { by })),
    ],
    result: released,
  }
}

/** What a keeper may do to the one reservation that it keeps: its own user's, or anybody's when root adopted it for them. */
export interface Kept {
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
