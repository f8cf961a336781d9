import { isProbeDue } from '../core/idle.ts'
import type { Pool } from '../core/pool.ts'
import { sightAll } from '../process/identity.ts'
import { type ProbeOrders, startObserver } from '../process/start-keeper.ts'
import type { Context } from './command.ts'
import { probeOrders } from './keeper-orders.ts'

/** An observer that brought no news (the tool is sick, say) is not followed by another for so long. */
const PAUSE_MS = 30_000

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
  let sent: { at: number; observedAt: number | null } | null = null
  return (pool, now) => {
    const isOut = sent && sent.observedAt === pool.observedAt && Math.abs(now - sent.at) < PAUSE_MS
    if (!isOut && observeIfDue(orders, pool, now)) sent = { at: now, observedAt: pool.observedAt }
  }
}
