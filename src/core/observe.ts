import type { Observed } from './changes.ts'
import { MINUTE_MS } from './duration.ts'
import type { Pool } from './pool.ts'
import { isInUse, type Usage } from './usage.ts'

/** A probe's answer is recorded when the last one that was is this old: a crowd that asks at once records one. */
export const OBSERVATION_INTERVAL_MS = 10_000

/**
 * Keepers and waiters have the hardware looked at when the last recorded look is this old. They come by once a minute, and a
 * look takes time: at a full minute every second turn would be skipped.
 */
const OBSERVATION_DUE_MS = 45_000

/** What happened between two observations that lie further apart is not known: keepers observe once a minute. */
const OBSERVATION_GAP_MS = 5 * MINUTE_MS

/**
 * Records what a probe saw, so that `status` can tell since when a GPU has been unused.
 *
 * @returns one change, or none when the last observation is fresh or the tool has seen nothing at all
 */
export function observe(
  pool: Pool,
  { usage, memoryThresholdMiB, now }: { usage: Usage; memoryThresholdMiB: number; now: number },
): Observed[] {
  if (usage.gpus.size === 0) return []
  const { observedAt } = pool
  if (observedAt !== null && Math.abs(now - observedAt) < OBSERVATION_INTERVAL_MS) return []
  const isConnected = observedAt !== null && now >= observedAt && now - observedAt <= OBSERVATION_GAP_MS
  const gpus = pool.gpus.map(gpu => {
    const seen = usage.gpus.get(gpu.index)
    const isUnused = seen !== undefined && !isInUse(seen, memoryThresholdMiB)
    const wasUnused = isConnected && gpu.unusedSince !== null
    return { gpu, isUnused, unusedSince: isUnused ? (wasUnused ? gpu.unusedSince : now) : null }
  })
  const unusedNow = new Map(gpus.map(({ gpu, unusedSince }) => [gpu.index, unusedSince]))
  return [
    {
      kind: 'observe',
      at: now,
      gpus: gpus
        .filter(({ gpu, unusedSince }) => gpu.unusedSince !== unusedSince)
        .map(({ gpu, unusedSince }) => ({ index: gpu.index, unusedSince })),
      reservations: pool.reservations.flatMap(({ id, gpus: held, reservedAt, unusedGpuMs }) => {
        const since = held.map(index => Math.max(unusedNow.get(index) ?? now, reservedAt, observedAt ?? now))
        const added = since.reduce((sum, from) => sum + Math.max(0, now - from), 0)
        return added > 0 ? [{ id, unusedGpuMs: unusedGpuMs + added }] : []
      }),
    },
  ]
}

/** Whether what was last recorded is so old that it is time to look again. */
export function isObservationDue({ observedAt }: Pool, now: number): boolean {
  return observedAt === null || Math.abs(now - observedAt) >= OBSERVATION_DUE_MS
}
