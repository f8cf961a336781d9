import { type Sightings, settle } from './expire.ts'
import type { Gpu, Pool } from './pool.ts'

/**
 * What the pool was when the GPU tool began to look. A GPU that somebody has had since may be used by now without the tool
 * having seen it: that it was idle when it was looked at does not show that it still is.
 */
export interface PoolThen {
  /** GPUs whose holder was there. */
  readonly reserved: ReadonlySet<number>
  /** When the last reservation of each that was free had ended. One that the pool has got since was not among them. */
  readonly releases: ReadonlyMap<number, number | null>
  /** GPUs whose holder was gone, and the holder's uid: it cannot begin to use them any more, whoever writes its end down. */
  readonly abandoned: ReadonlyMap<number, number>
}

/**
 * @param askedAt when the tool was asked, where that was before the pool was read
 */
export function poolThen(pool: Pool, sightings: Sightings, now: number, askedAt = Infinity): PoolThen {
  const settled = settle(pool, sightings, now).pool
  const reserved = new Set(settled.reservations.flatMap(({ gpus }) => gpus))
  const gone = pool.reservations.filter(({ id }) => !settled.reservations.some(other => other.id === id))
  const abandoned = new Map(gone.flatMap(({ gpus, holder }) => gpus.map(index => [index, holder.uid])))
  const others = settled.gpus.filter(({ index }) => !reserved.has(index) && !abandoned.has(index))
  const justReleased = others.filter(({ lastReleasedAt }) => (lastReleasedAt ?? -Infinity) >= askedAt)
  return {
    reserved: new Set([...reserved, ...justReleased.map(({ index }) => index)]),
    releases: new Map(others.map(({ index, lastReleasedAt }) => [index, lastReleasedAt])),
    abandoned,
  }
}

/** Whether somebody has had a GPU, which is free now, since the tool began to look. */
export function cameFree({ index, lastReleasedAt, lastHolderUid }: Gpu, then: PoolThen): boolean {
  const goneUid = then.abandoned.get(index)
  // Its keeper may have written down any end; only another's after it shows.
  if (goneUid !== undefined) return lastReleasedAt !== null && lastHolderUid !== goneUid
  return then.reserved.has(index) || (then.releases.get(index) ?? null) !== lastReleasedAt
}

/** Whether GPUs have come free since the tool began to look, so that another look may show them to be free. */
export function isOutdated(then: PoolThen, pool: Pool, sightings: Sightings, now: number): boolean {
  const { gpus, reservations } = settle(pool, sightings, now).pool
  const held = new Set(reservations.flatMap(reservation => reservation.gpus))
  return gpus.some(gpu => !held.has(gpu.index) && cameFree(gpu, then))
}
