import { formatDuration } from '../../core/duration.ts'
import type { Pool } from '../../core/pool.ts'
import type { HostFacts } from './facts.ts'
import { type Finding, withAdvice } from './finding.ts'

/** Two processors may disagree by so much. */
const TOLERANCE_MS = 1000

/** Nothing was recorded in what is the future now: the clock has not been set back, nor been ahead for a while. */
export function checkClock({ pool, now }: HostFacts): Finding {
  const check = 'clock'
  const latest = pool ? Math.max(...recordedInstants(pool)) : -Infinity
  if (latest <= now + TOLERANCE_MS) return { level: 'ok', check, text: 'nothing was recorded in the future' }
  const found = `what was recorded last lies ${formatDuration(latest - now)} in the future`
  const advice = "manual reservations end at wrong times: see whether the clock is right with 'timedatectl'"
  return { level: 'warning', check, text: withAdvice(found, advice) }
}

/** When things happened, as far as the pool tells; what is to come is not among it. */
function recordedInstants({ gpus, reservations, queue, observedAt }: Pool): number[] {
  return [
    observedAt,
    ...gpus.flatMap(({ lastReleasedAt, drain }) => [lastReleasedAt, drain?.at ?? null]),
    ...reservations.flatMap(reservation => [
      reservation.reservedAt,
      reservation.type === 'run' ? reservation.heartbeatAt : null,
    ]),
    ...queue.flatMap(({ queuedAt, heartbeatAt }) => [queuedAt, heartbeatAt]),
  ].filter(instant => instant !== null)
}
