import { MINUTE_MS } from '../core/duration.ts'
import type { ManualReservation, Pool } from '../core/pool.ts'
import { findKeptManual } from '../core/release.ts'
import type { KeeperOrders, ManualTask } from '../process/start-keeper.ts'
import { openStore } from '../store/open.ts'
import type { Listener } from '../store/store.ts'
import { waitForEnd } from '../system/libc/waiting.ts'
import { writeToTerminal } from '../system/terminal-message.ts'
import { observeIfDue } from './observe.ts'
import { safeText } from './output/safe-text.ts'
import { expiryWarning, idleWarning } from './output/warnings.ts'
import { wholeStoreUrl } from './store-url.ts'

/** How often it looks at the pool when nothing is heard of it. */
const LOOK_INTERVAL_MS = MINUTE_MS

/** However much happens in a pool, a keeper looks at it no more often than this. */
const LEAST_LOOK_INTERVAL_MS = 1000

/**
 * Keeps the holder of a manual reservation informed, on the terminal that it was made on: when its end is near, and when it is
 * unused while others wait. It follows `extend`, and ends with the reservation.
 */
export async function keepInformed(orders: KeeperOrders, task: ManualTask): Promise<void> {
  const kept = { id: orders.reservationId, uid: process.getuid?.() ?? 0 }
  const warnings = new Warnings(task.warnBeforeMs)
  const listener = await listen(orders)
  // An update wakes all keepers of a pool at once; so that they do not all look at the hardware at once, each has its own time.
  const observationIntervalMs = LOOK_INTERVAL_MS + (process.pid % 1000) * 10
  let observeAt = Date.now() + observationIntervalMs
  for (;;) {
    const pool = await readPool(orders)
    const reservation = pool === 'unreadable' ? null : pool && findKeptManual(pool, kept)
    const now = Date.now()
    if (pool !== 'unreadable') {
      if (!pool || !reservation || now >= reservation.expiresAt) return
      for (const line of warnings.due(reservation, now))
        writeToTerminal(task.terminal, kept.uid, safeText(line))
      if (now >= observeAt) {
        observeIfDue(orders, pool, now)
        observeAt = now + observationIntervalMs
      }
    }
    const wakeAt = Math.min(
      now + LOOK_INTERVAL_MS,
      observeAt,
      reservation ? warnings.nextAt(reservation) : Infinity,
    )
    if (await listener.wait([], Math.max(0, wakeAt - now))) waitForEnd(-1, LEAST_LOOK_INTERVAL_MS)
  }
}

/** What a holder has to be told, each thing once. */
class Warnings {
  private knownEnd = 0
  private isExpiryDue = false
  private toldIdleAt = 0

  constructor(private readonly beforeMs: number | null) {}

  due(reservation: ManualReservation, now: number): string[] {
    const { expiresAt, idleWarnedAt } = reservation
    const lines: string[] = []
    const isNear = this.beforeMs !== null && now >= expiresAt - this.beforeMs
    if (expiresAt !== this.knownEnd) {
      // Somebody who has just asked for less time than that need not be told.
      this.knownEnd = expiresAt
      this.isExpiryDue = this.beforeMs !== null && !isNear
    } else if (this.isExpiryDue && isNear) {
      this.isExpiryDue = false
      lines.push(expiryWarning(reservation, now))
    }
    if (idleWarnedAt !== null && idleWarnedAt > this.toldIdleAt) {
      this.toldIdleAt = idleWarnedAt
      lines.push(idleWarning(reservation, idleWarnedAt))
    }
    return lines
  }

  /** When there will be something to do if nothing changes. */
  nextAt({ expiresAt }: ManualReservation): number {
    return this.isExpiryDue ? expiresAt - (this.beforeMs ?? 0) : expiresAt
  }
}

/** Hears of updates, and keeps nothing of the store open but that. */
async function listen(orders: KeeperOrders): Promise<Listener> {
  const store = await openStore(wholeStoreUrl(orders), 'read')
  try {
    return await store.listen()
  } finally {
    store.close()
  }
}

/** The pool as it is; null when it is gone. A store that does not answer now is asked again later. */
async function readPool(orders: KeeperOrders): Promise<Pool | null | 'unreadable'> {
  try {
    const store = await openStore(wholeStoreUrl(orders), 'read')
    try {
      const pool = await store.read()
      // Where it is now, its holder is not known by this terminal.
      if (pool?.move) return pool.move.state === 'left' ? null : 'unreadable'
      return pool
    } finally {
      store.close()
    }
  } catch {
    return 'unreadable'
  }
}
