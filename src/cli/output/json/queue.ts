import type { HostView } from '../../../core/host-view.ts'
import type { Pool } from '../../../core/pool.ts'
import { poolQueue, type Queued } from '../../../core/queue.ts'
import type { PoolFacts } from '../../../core/status.ts'
import { type JsonObject, jsonDocument, seconds, time } from './document.ts'
import { holderJson, reservationJson } from './reservation.ts'

/** What `queue --json` prints: the requests in the order in which they came. */
export function queueDocument(pool: Pool, facts: PoolFacts): string {
  return jsonDocument('queue', { at: time(facts.now), requests: requestsJson(pool, facts, null) })
}

/** The same of all hosts, one after the other. @param now by the clock of the host on which this runs */
export function queueOfHostsDocument(views: readonly HostView[], now: number): string {
  const requests = views.flatMap(({ host, pool, facts }) => requestsJson(pool, facts, host))
  return jsonDocument('queue', { at: time(now), requests })
}

function requestsJson(pool: Pool, facts: PoolFacts, host: string | null): JsonObject[] {
  return poolQueue(pool, facts).map(queued => ({ host, ...requestJson(queued, facts.now) }))
}

function requestJson({ entry, waiting, isStopped }: Queued, now: number): JsonObject {
  const { id, type, holder, alias, note, wanted, queuedAt, durationMs, process } = entry
  return {
    position: waiting.position,
    id,
    type,
    holder: holderJson(holder),
    alias,
    note,
    pid: process.pid,
    wanted: { count: wanted.count, gpu_ids: wanted.gpuIds, policy: wanted.policy },
    duration_seconds: durationMs === null ? null : seconds(durationMs),
    queued_at: time(queuedAt),
    waiting_seconds: seconds(now - queuedAt),
    is_stopped: isStopped,
    missing: waiting.missing,
    held_by: waiting.held.map(reservationJson),
    in_use_or_not_validated: waiting.inUse,
    drained: waiting.drained,
    earliest_end_at: time(waiting.earliestEndAt),
  }
}
