import { isProbeDue } from '../core/idle.ts'
import type { Pool } from '../core/pool.ts'
import { sightAll } from '../process/identity.ts'
import { type ProbeOrders, startObserver } from '../process/start-keeper.ts'
import type { Context } from './command.ts'
import { probeOrders } from './keeper-orders.ts'

/** A waiter sends an observer no more often than this: one that comes back without news is not sent again at once. */
const LEAST_INTERVAL_MS = 30_000

/**
 * Sends an observer when what is known of the hardware is old, or an idle holder may be due. Whoever keeps or waits does not
 * look itself: the tool may take seconds, and what it is there for would be missed.
 */
export function observeIfDue(orders: ProbeOrders, pool: Pool, now: number): boolean {
  const { idleReleaseMs } = orders
  const isDue = isProbeDue(pool, { sightings: sightAll(pool), idleReleaseMs, now })
  if (isDue) startObserver(orders)
  return isDue
}

/** The same for somebody who comes by often. */
export function observer(context: Context): (pool: Pool, now: number) => void {
  const orders = probeOrders(context)
  let sentAt = -Infinity
  return (pool, now) => {
    if (Math.abs(now - sentAt) >= LEAST_INTERVAL_MS && observeIfDue(orders, pool, now)) sentAt = now
  }
}
