import { type Sightings, settle } from './expire.ts'
import type { Gpu, Pool } from './pool.ts'
import { IDLE, type Usage } from './usage.ts'

/**
 * What the pool was when the GPU tool began to look. A GPU that somebody has had since may be used by now without the tool
 * having seen it: that it was idle when it was looked at does not show that it still is.
 */
export interface PoolThen {
  /** GPUs whose holder was there. */
  readonly reserved: ReadonlySet<number>
  /**
   * The last reservation of each other GPU, also one whose holder was gone though nobody had written that down: it cannot
   * begin to use the GPU any more.
   */
  readonly lastReservations: ReadonlyMap<number, string | null>
}

/**
 * @param askedAt when the tool was asked, where that was before the pool was read
 */
export function poolThen(pool: Pool, sightings: Sightings, now: number, askedAt = Infinity): PoolThen {
  const { gpus, reservations } = settle(pool, sightings, now).pool
  const held = reservations.flatMap(reservation => reservation.gpus)
  const justReleased = gpus.filter(({ lastReleasedAt }) => (lastReleasedAt ?? -Infinity) >= askedAt)
  return {
    reserved: new Set([...held, ...justReleased.map(({ index }) => index)]),
    lastReservations: new Map(gpus.map(({ index, lastReservationId }) => [index, lastReservationId])),
  }
}

/** Whether somebody has had a GPU, which is free now, since the tool began to look. */
export function cameFree({ index, lastReservationId }: Gpu, then: PoolThen): boolean {
  return then.reserved.has(index) || (then.lastReservations.get(index) ?? null) !== lastReservationId
}

/** Whether GPUs have come free since the tool began to look, so that another look may show them to be free. */
export function isOutdated(then: PoolThen, pool: Pool, sightings: Sightings, now: number): boolean {
  const { gpus, reservations } = settle(pool, sightings, now).pool
  const held = new Set(reservations.flatMap(reservation => reservation.gpus))
  return gpus.some(gpu => !held.has(gpu.index) && cameFree(gpu, then))
}

/**
 * What the tool said, but of GPUs that somebody has had since it began to look: those count as idle, since nothing is known to
 * be in the way there. To tell people what they wait for; never a reason to hand out a GPU.
 */
export function hopefulUsage(usage: Usage, { gpus }: Pool): Usage {
  const { tool, poolThen } = usage
  if (!poolThen) return usage
  const unknown = gpus.filter(gpu => cameFree(gpu, poolThen))
  return { tool, gpus: new Map([...usage.gpus, ...unknown.map(({ index }) => [index, IDLE] as const)]) }
}
