import { type Availability, availability, choose, type GpuAvailability } from './allocate.ts'
import type { Decision } from './changes.ts'
import { type Sightings, settle } from './expire.ts'
import { leftQueue } from './history.ts'
import { type Gpu, knownEnd, type Pool, type QueueEntry, type Reservation, type Wanted } from './pool.ts'
import type { PoolFacts } from './status.ts'

/**
 * The rule of the line: first come, first served, with conservative backfill.
 *
 * Requests start in the order in which they came. A request, waiting or not, may pass an earlier one only where that does
 * not delay it: when it takes GPUs that the earlier one cannot use or does not need to start now, or when it is known to
 * end before the earlier one could start. The earlier one could start when enough of the GPUs that it can use have come to
 * their known end; a holder without a known end may give its GPU back at any moment, and so may whoever uses one
 * without a reservation. Nothing is held for a request that waits.
 *
 * @param gpus the whole pool with its availability
 * @param ahead the requests that came before, in their order
 * @param endsAt when the new one is known to end, null when it is not
 * @returns the GPUs that are available to a request behind those, ascending
 */
export function leftByOthers(
  gpus: readonly GpuAvailability[],
  ahead: readonly QueueEntry[],
  endsAt: number | null,
  now: number,
): Gpu[] {
  let left = gpus.filter(({ availability: { state } }) => state === 'available').map(({ gpu }) => gpu)
  for (const { wanted, holder } of ahead) {
    const usable = left.filter(gpu => canUse(wanted, gpu))
    if (usable.length >= wanted.count) {
      // It starts as soon as its process wakes up, and needs no more than these.
      const taken = choose(wanted.policy, usable, wanted.count, holder.uid)
      left = left.filter(({ index }) => !taken.includes(index))
    } else if ((endsAt ?? Infinity) > earliestStart(gpus, wanted, now)) {
      left = left.filter(gpu => !canUse(wanted, gpu))
    }
  }
  return left
}

/**
 * The requests that came before one, or for a newcomer all, in their order; without those whose process is stopped. Such a
 * one keeps its place and has it again when it goes on, but the line does not stand still for it.
 */
export function requestsAhead(
  { queue }: Pool,
  entry: QueueEntry | undefined,
  sightings: Sightings,
): QueueEntry[] {
  return queue
    .slice(0, entry ? queue.indexOf(entry) : queue.length)
    .filter(({ id }) => sightings.get(id) !== 'stopped')
}

/**
 * The earliest instant at which a request could start, going by known ends. `now` means any moment.
 *
 * @returns Infinity when too few of the GPUs that it can use may be handed out at all: then it waits for an administrator,
 *   and nobody else can delay it
 */
function earliestStart(gpus: readonly GpuAvailability[], wanted: Wanted, now: number): number {
  const frees = gpus
    .filter(({ gpu, availability }) => canUse(wanted, gpu) && !gpu.drain && availability.state !== 'drained')
    .map(({ availability }) => couldBeFreeAt(availability, now))
    .sort((a, b) => a - b)
  return frees[wanted.count - 1] ?? Infinity
}

/** Whether a request can use a GPU at all. */
export function canUse({ gpuIds }: Wanted, { index }: Gpu): boolean {
  return gpuIds === null || gpuIds.includes(index)
}

function couldBeFreeAt(availability: Availability, now: number): number {
  return availability.state === 'reserved' ? (knownEnd(availability.reservation) ?? now) : now
}

/** What a request that waits is told. */
export interface Waiting {
  /** From 1: the one that starts next. */
  readonly position: number
  readonly wanted: Wanted
  /** How many GPUs are missing to start now. */
  readonly missing: number
  /** Who holds GPUs that it could use, in the order of the GPUs. */
  readonly held: readonly Reservation[]
  /** How many of the GPUs that it could use are in use without reservation or cannot be validated, and how many drained. */
  readonly inUse: number
  readonly drained: number
  /** The first known end of a reservation of a GPU that it could use, null when none is known. */
  readonly earliestEndAt: number | null
}

/** Why a request cannot start yet. */
export function explainWaiting(
  gpus: readonly GpuAvailability[],
  wanted: Wanted,
  position: number,
  available: number,
): Waiting {
  const usable = gpus.filter(({ gpu }) => canUse(wanted, gpu))
  const held = new Set(
    usable.flatMap(({ availability }) =>
      availability.state === 'reserved' ? [availability.reservation] : [],
    ),
  )
  const ends = [...held].map(knownEnd).filter(end => end !== null)
  const countOf = (...states: Availability['state'][]) =>
    usable.filter(({ availability: { state } }) => states.includes(state)).length
  return {
    position,
    wanted,
    missing: Math.max(0, wanted.count - available),
    held: [...held],
    inUse: countOf('in-use', 'unknown'),
    drained: countOf('drained'),
    earliestEndAt: ends.length > 0 ? Math.min(...ends) : null,
  }
}

/** A request of the line, as everybody sees it. */
export interface Queued {
  readonly entry: QueueEntry
  readonly waiting: Waiting
  /** Whether its process is stopped, so that it does not start whatever comes free. */
  readonly isStopped: boolean
}

/** The line as it is at `now`, without the requests whose process has ended. */
export function poolQueue(pool: Pool, facts: PoolFacts): Queued[] {
  const settled = settle(pool, facts.sightings, facts.now).pool
  const gpus = availability(settled, facts.usage, facts.memoryThresholdMiB)
  return settled.queue.map((entry, place) => {
    const ahead = requestsAhead(settled, entry, facts.sightings)
    const { durationMs, wanted } = entry
    const endsAt = durationMs === null ? null : facts.now + durationMs
    const left = leftByOthers(gpus, ahead, endsAt, facts.now)
    const available = left.filter(gpu => canUse(wanted, gpu)).length
    return {
      entry,
      waiting: explainWaiting(gpus, wanted, place + 1, available),
      isStopped: facts.sightings.get(entry.id) === 'stopped',
    }
  })
}

/** Takes a request out of the line that has waited long enough; nothing happens when it is not in it. */
export function leaveQueue(pool: Pool, id: string, now: number): Decision<void> {
  const entry = pool.queue.find(entry => entry.id === id)
  return { changes: entry ? leftQueue(entry, now) : [], result: undefined }
}

/** Records a sign of life of a request that waits, for those who cannot see its process. */
export function stayInQueue(pool: Pool, id: string, now: number): Decision<void> {
  const isQueued = pool.queue.some(entry => entry.id === id)
  return { changes: isQueued ? [{ kind: 'heartbeat', id, at: now }] : [], result: undefined }
}
