import type { Pool } from '../../../core/pool.ts'
import { poolQueue } from '../../../core/queue.ts'
import { type GpuStatus, type PoolFacts, poolStatus } from '../../../core/status.ts'
import { type PoolSummary, summarize } from '../../../core/summary.ts'
import { type GpuUsage, memoryInUseMiB } from '../../../core/usage.ts'
import { type JsonObject, jsonDocument, seconds, time } from './document.ts'
import { holderJson, reservationJson } from './reservation.ts'

/** What `status --json` prints. @param ownerOf the user of a process, null when nobody can tell */
export function statusDocument(
  pool: Pool,
  facts: PoolFacts,
  ownerOf: (pid: number) => string | null,
): string {
  return jsonDocument('status', statusJson(pool, facts, ownerOf))
}

/** What is known of a host whose status is told from elsewhere. */
interface FromElsewhere {
  readonly host: string
  readonly lastSignAgoMs: number
  readonly probedAgoMs: number | null
}

/** @param elsewhere null for the host on which this runs */
export function statusJson(
  pool: Pool,
  facts: PoolFacts,
  ownerOf: (pid: number) => string | null,
  elsewhere: FromElsewhere | null = null,
): JsonObject {
  const statuses = poolStatus(pool, facts)
  const gpuOf = new Map(pool.gpus.map(gpu => [gpu.index, gpu]))
  const probedAgoMs = elsewhere?.probedAgoMs ?? null
  return {
    host: elsewhere?.host ?? null,
    last_sign_seconds_ago: elsewhere && seconds(elsewhere.lastSignAgoMs),
    validated_seconds_ago: probedAgoMs === null ? null : seconds(probedAgoMs),
    at: time(facts.now),
    provider: pool.provider,
    is_validated: facts.usage !== null,
    memory_threshold_mib: facts.memoryThresholdMiB,
    summary: summaryJson(summarize(statuses, poolQueue(pool, facts).length)),
    gpus: statuses.map(status => {
      const gpu = gpuOf.get(status.index)
      const usage = facts.usage?.gpus.get(status.index)
      return {
        index: status.index,
        state: stateOf(status),
        validation: validationOf(status),
        last_released_at: time(gpu?.lastReleasedAt ?? null),
        unused_since: time(unusedSince(status)),
        reservation: status.state === 'reserved' ? reservationJson(status.reservation) : null,
        drain: gpu?.drain
          ? { at: time(gpu.drain.at), by: holderJson(gpu.drain.by), note: gpu.drain.note }
          : null,
        ...usageJson(usage, ownerOf),
      }
    }),
  }
}

export function summaryJson({ gpus, free, reserved, drained, ...summary }: PoolSummary): JsonObject {
  return {
    gpus,
    free,
    reserved,
    drained,
    in_use_without_reservation: summary.inUseWithoutReservation,
    not_validated: summary.notValidated,
    waiting: summary.waiting,
  }
}

/** `available` is a promise here: what `status` shows as available although nobody could validate it is unknown to a program. */
function stateOf(status: GpuStatus): string {
  if (status.state === 'unavailable') return 'unknown'
  if (status.state === 'available' && status.validation.kind !== 'idle') return 'unknown'
  return status.state.replaceAll('-', '_')
}

function unusedSince(status: GpuStatus): number | null {
  return 'validation' in status && status.validation.kind === 'idle' ? status.validation.unusedSince : null
}

function validationOf(status: GpuStatus): string {
  switch (status.state) {
    case 'in-use-without-reservation':
      return 'in_use'
    case 'unavailable':
      return 'not_reported'
    default:
      return status.validation.kind.replaceAll('-', '_')
  }
}

function usageJson(usage: GpuUsage | undefined, ownerOf: (pid: number) => string | null): JsonObject {
  const details = usage?.details
  return {
    name: details?.name ?? null,
    memory_total_mib: details?.memoryTotalMiB ?? null,
    memory_used_mib: usage ? memoryInUseMiB(usage) : null,
    utilization_percent: details?.utilizationPercent ?? null,
    temperature_celsius: details?.temperatureCelsius ?? null,
    processes:
      usage?.processes.map(({ pid, name, memoryMiB }) => ({
        pid,
        user_name: ownerOf(pid),
        name,
        memory_used_mib: memoryMiB,
      })) ?? null,
  }
}
