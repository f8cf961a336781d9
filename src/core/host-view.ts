import { type Availability, availability, type GpuAvailability } from './allocate.ts'
import { MINUTE_MS } from './duration.ts'
import { type Sightings, settle } from './expire.ts'
import type { HostPool } from './fleet.ts'
import { poolThen } from './outdated.ts'
import type { Pool } from './pool.ts'
import { leftByOthers, requestsAhead } from './queue.ts'
import { type GpuStatus, type PoolFacts, poolStatus } from './status.ts'
import { type PoolSummary, summarize } from './summary.ts'

/** A host that has given no sign for longer than this is marked: nobody knows how it fares. */
export const SILENT_MS = 5 * MINUTE_MS

/** A host as seen from another one. */
export interface HostView {
  readonly host: string
  readonly pool: Pool
  readonly facts: PoolFacts
  readonly statuses: readonly GpuStatus[]
  readonly summary: PoolSummary
  readonly isSilent: boolean
  readonly lastSignAgoMs: number
  /** How old the probe's answer is; null where there is none. */
  readonly probedAgoMs: number | null
}

/**
 * What can be said of a host from elsewhere: by its own clock, and by what a probe there last said. Its processes cannot be
 * seen from here, so heartbeats decide. Of a GPU that has come free since that probe nothing is known.
 *
 * @param sightings of the processes on the caller's own host, which looks anyway when it is asked for GPUs; of any other there are none
 */
export function viewHost(
  { host, pool, now, lastSignAgoMs, probed }: HostPool,
  memoryThresholdMiB: number,
  sightings: Sightings = new Map(),
): HostView {
  const settled = settle(pool, sightings, now).pool
  const usage = probed && { ...probed.usage, poolThen: poolThen(settled, sightings, now, now - probed.agoMs) }
  const facts = { usage, memoryThresholdMiB, sightings, now }
  const statuses = poolStatus(settled, facts)
  return {
    host,
    pool: settled,
    facts,
    statuses,
    summary: summarize(statuses, settled.queue.length),
    isSilent: lastSignAgoMs > SILENT_MS,
    lastSignAgoMs,
    probedAgoMs: probed?.agoMs ?? null,
  }
}

/** A host that could give a number of GPUs now. */
export interface Offer {
  readonly view: HostView
  /** How many GPUs it could give. */
  readonly available: number
  /** Whether so many of them as were asked for are validated to be free, and the host is not silent. */
  readonly isSure: boolean
}

/**
 * The hosts that could give so many GPUs now, best first: the caller's own host; then the sure ones before those that are
 * silent or where nobody has looked, or not since their GPUs came free; among these, where the fewest are left over, so that large
 * gaps stay whole for large requests; a tie goes by name.
 *
 * The line of each host counts: nobody is sent to GPUs that those who wait there get first.
 *
 * @param count an integer of at least 1
 */
export function findHosts(views: readonly HostView[], count: number, ownHost: string): Offer[] {
  return views
    .flatMap((view): Offer[] => {
      const available = couldGive(view, true)
      if (available < count) return []
      return [{ view, available, isSure: !view.isSilent && couldGive(view, false) >= count }]
    })
    .sort(
      (a, b) =>
        Number(b.view.host === ownHost) - Number(a.view.host === ownHost) ||
        Number(b.isSure) - Number(a.isSure) ||
        a.available - b.available ||
        (a.view.host < b.view.host ? -1 : 1),
    )
}

/** How many GPUs a newcomer could get. @param hopeful whether those count at which nobody has looked, or not since they came free */
export function couldGive({ pool, facts }: HostView, hopeful: boolean): number {
  const mayBeFree = (index: number) => facts.usage?.poolThen?.reserved.has(index) ?? true
  const gpus = availability(pool, facts.usage, facts.memoryThresholdMiB).map((gpu): GpuAvailability => {
    const isOpen = hopeful && gpu.availability.state === 'unknown' && mayBeFree(gpu.gpu.index)
    return isOpen ? { ...gpu, availability: AVAILABLE } : gpu
  })
  const ahead = requestsAhead(pool, undefined, facts.sightings)
  return leftByOthers(gpus, ahead, null, facts.now).length
}

const AVAILABLE: Availability = { state: 'available' }
