import { MINUTE, SECOND } from './pools.ts'
import type { Ledger } from './simulator-ledger.ts'
import type { Seen } from './simulator-look.ts'

/** Notes in the ledger what a probe has seen, if the last look is 10 s old; one with 5 minutes in between tells of no time before it. */
export function noteObservation(ledger: Ledger, seen: Seen, now: number): void {
  const last = ledger.observedAt
  if (!seen.isAnswer || (last !== null && Math.abs(now - last) < 10 * SECOND)) return
  const isConnected = last !== null && now >= last && now - last <= 5 * MINUTE
  ledger.slots = ledger.slots.map((slot, index) => {
    const since = isConnected ? (slot.unusedSince ?? now) : now
    return { ...slot, unusedSince: seen.isIdle(index) ? since : null }
  })
  ledger.observedAt = now
}
