import { applyChanges, type Change, type Decision } from './changes.ts'
import { formatDuration, MINUTE_MS } from './duration.ts'
import { type Sightings, settle } from './expire.ts'
import { ended, logged } from './history.ts'
import { isObservationDue, observe } from './observe.ts'
import type { ManualReservation, Pool, QueueEntry } from './pool.ts'
import { canUse } from './queue.ts'
import { isInUse, type Usage } from './usage.ts'

/** How long a warned holder has to use the GPUs. */
export const IDLE_WARNING_MS = 5 * MINUTE_MS

/** What is to be done about a manual reservation that is unused while others wait. */
export interface IdleAct {
  readonly kind: 'warn' | 'release'
  readonly reservation: ManualReservation
  /** Since when it has been unused. */
  readonly unusedSince: number
}

/**
 * The two steps by which unused manual reservations come free: after `idleReleaseMs` without any use, while somebody waits who
 * could use one of its GPUs, its holder is warned; IDLE_WARNING_MS later it is released, if nothing has changed: it was not
 * used in between, and somebody who waited when the warning was given still waits. Without waiters nothing happens.
 *
 * @param pool a settled one; what was last recorded of its GPUs counts
 */
export function idleActs(
  pool: Pool,
  { idleReleaseMs, sightings, now }: { idleReleaseMs: number; sightings: Sightings; now: number },
): IdleAct[] {
  return pool.reservations.flatMap((reservation): IdleAct[] => {
    if (reservation.type !== 'manual') return []
    const waiters = waitersFor(pool, reservation, sightings)
    const unusedSince = unusedSinceOf(pool, reservation)
    if (waiters.length === 0 || unusedSince === null || now - unusedSince < idleReleaseMs) return []
    const { idleWarnedAt } = reservation
    // A warning from before the last use, or from a clock that was set back since, does not count.
    const isWarned = idleWarnedAt !== null && unusedSince <= idleWarnedAt && idleWarnedAt <= now
    if (!isWarned) return [{ kind: 'warn', reservation, unusedSince }]
    if (now - idleWarnedAt < IDLE_WARNING_MS) return []
    const isStillWaitedFor = waiters.some(({ queuedAt }) => queuedAt <= idleWarnedAt)
    return [{ kind: isStillWaitedFor ? 'release' : 'warn', reservation, unusedSince }]
  })
}

/**
 * Whether a probe would be of use now: what is known of the GPUs is old, or somebody's idle reservation may be due.
 * `idleReleaseMs` is null where idle reservations are left alone.
 */
export function isProbeDue(
  pool: Pool,
  { sightings, idleReleaseMs, now }: { sightings: Sightings; idleReleaseMs: number | null; now: number },
): boolean {
  const settled = settle(pool, sightings, now).pool
  if (settled.reservations.length === 0) return false
  if (isObservationDue(settled, now)) return true
  return idleReleaseMs !== null && idleActs(settled, { idleReleaseMs, sightings, now }).length > 0
}

/** Records what a probe saw, and warns or releases idle holders whom it has just confirmed to be idle. */
export function tendIdle(
  pool: Pool,
  facts: { usage: Usage; memoryThresholdMiB: number; sightings: Sightings; now: number },
  idleReleaseMs: number | null,
): Decision<IdleAct[]> {
  const { usage, memoryThresholdMiB, sightings, now } = facts
  const settled = settle(pool, sightings, now)
  const observed = observe(settled.pool, facts)
  const present = applyChanges(settled.pool, observed) ?? settled.pool
  const isUnusedNow = (index: number): boolean => {
    const seen = usage.gpus.get(index)
    return seen !== undefined && !isInUse(seen, memoryThresholdMiB)
  }
  const acts =
    idleReleaseMs === null
      ? []
      : idleActs(present, { idleReleaseMs, sightings, now }).filter(({ reservation }) =>
          reservation.gpus.every(isUnusedNow),
        )
  return {
    changes: [
      ...settled.changes,
      ...observed,
      ...acts.flatMap(act => changesOf(act, waitersFor(present, act.reservation, sightings).length, now)),
    ],
    result: acts,
  }
}

function changesOf({ kind, reservation, unusedSince }: IdleAct, count: number, now: number): Change[] {
  const why = `unused for ${formatDuration(now - unusedSince)} while ${count} request(s) wait`
  return kind === 'warn'
    ? [
        { kind: 'warn-idle', id: reservation.id, at: now },
        logged('idle-warning', reservation, now, { note: why }),
      ]
    : ended(reservation, 'idle', { endedAt: now, now, note: why })
}

/**
 * The requests that could use one of its GPUs; not the holder's own, which make no case against the holder, and none whose
 * process is stopped, and could not take it.
 */
function waitersFor(pool: Pool, { gpus, holder }: ManualReservation, sightings: Sightings): QueueEntry[] {
  const held = pool.gpus.filter(({ index }) => gpus.includes(index))
  return pool.queue.filter(
    ({ id, wanted, holder: { uid } }) =>
      uid !== holder.uid && sightings.get(id) !== 'stopped' && held.some(gpu => canUse(wanted, gpu)),
  )
}

/** Since when all GPUs of a reservation have been unused, null when one is used or nothing is known of it. */
function unusedSinceOf(pool: Pool, { gpus, reservedAt }: ManualReservation): number | null {
  const since = pool.gpus.filter(({ index }) => gpus.includes(index)).map(gpu => gpu.unusedSince)
  return since.reduce<number | null>(
    (latest, at) => (latest === null || at === null ? null : Math.max(latest, at)),
    reservedAt,
  )
}
