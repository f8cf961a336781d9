import type { Pool, QueueEntry } from '../../../core/pool.ts'
import { poolQueue, type Waiting } from '../../../core/queue.ts'
import type { PoolFacts } from '../../../core/status.ts'
import { type JsonObject, jsonDocument, seconds, time } from './document.ts'
import { holderJson, reservationJson } from './reservation.ts'

/** What `queue --json` prints: the requests in the order in which they came. */
export function queueDocument(pool: Pool, facts: PoolFacts): string {
  return jsonDocument('queue', {
    at: time(facts.now),
    requests: poolQueue(pool, facts).map(({ entry, waiting }) => requestJson(entry, waiting, facts.now)),
  })
}

function requestJson(entry: QueueEntry, waiting: Waiting, now: number): JsonObject {
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
    missing: waiting.missing,
    held_by: waiting.held.map(reservationJson),
    in_use_or_not_validated: waiting.inUse,
    drained: waiting.drained,
    earliest_end_at: time(waiting.earliestEndAt),
  }
}
