import { type Sightings, settle } from './expire.ts'
import type { Gpu, Pool } from './pool.ts'

/**
 * What the pool was when the GPU tool began to look. A GPU that somebody has had since may be used by now without the tool
 * having seen it: that it was idle when it was looked at does not show that it still is.
 */
export interface PoolThen {
  /** GPUs whose holder was there. */
  readonly reserved: ReadonlySet<number>
  /** When the last reservation of each of the others had ended. */
  readonly releases: ReadonlyMap<number, number | null>
}

/**
 * The GPUs of a holder that is gone are in neither list: it cannot begin to use them any more, whoever writes its end down.
 *
 * @param askedAt when the tool was asked, where that was before the pool was read
 */
export function poolThen(pool: Pool, sightings: Sightings, now: number, askedAt = Infinity): PoolThen {
  const settled = settle(pool, sightings, now).pool
  const held = new Set(pool.reservations.flatMap(({ gpus }) => gpus))
  const others = settled.gpus.filter(({ index }) => !held.has(index))
  const justReleased = others.filter(({ lastReleasedAt }) => (lastReleasedAt ?? -Infinity) >= askedAt)
  return {
    reserved: new Set([
      ...settled.reservations.flatMap(({ gpus }) => gpus),
      ...justReleased.map(({ index }) => index),
    ]),
    releases: new Map(others.map(({ index, lastReleasedAt }) => [index, lastReleasedAt])),
  }
}

/** Whether somebody has had a GPU, which is free now, since the tool began to look. */
export function cameFree({ index, lastReleasedAt }: Gpu, { reserved, releases }: PoolThen): boolean {
  const before = releases.get(index)
  return reserved.has(index) || (before !== undefined && before !== lastReleasedAt)
}

/** Whether GPUs have come free since the tool began to look, so that another look may show them to be free. */
export function isOutdated(then: PoolThen, pool: Pool, sightings: Sightings, now: number): boolean {
  const { gpus, reservations } = settle(pool, sightings, now).pool
  const held = new Set(reservations.flatMap(reservation => reservation.gpus))
  return gpus.some(gpu => !held.has(gpu.index) && cameFree(gpu, then))
}
