import { applyChanges, type Change } from './changes.ts'
import { formatDuration, MINUTE_MS } from './duration.ts'
import { type Ending, ended, leftQueue } from './history.ts'
import type { Pool, Reservation } from './pool.ts'

/**
 * What looking for a process found: it runs, it is gone, or it cannot be seen from here (it counts its pids in another
 * namespace: a container). Of one that waits in line it may also be seen that it is stopped (Ctrl-Z), and so could not
 * take what it would get. A run has `ended` when its processes are gone and its keeper is there, about to say so.
 */
export type Sighting = 'alive' | 'stopped' | 'ended' | 'gone' | 'unseen'

/**
 * By the id of a reservation or a queue entry. One that is missing counts as unseen. A reservation of several processes is
 * alive while one of them is seen to run, and gone when all are.
 */
export type Sightings = ReadonlyMap<string, Sighting>

/** How often a keeper records a sign of life. */
export const HEARTBEAT_INTERVAL_MS = MINUTE_MS

/** Five missed heartbeats end a reservation whose process cannot be seen; one that can be seen never ends by silence. */
export const HEARTBEAT_TIMEOUT_MS = 5 * HEARTBEAT_INTERVAL_MS

/**
 * When and how a reservation came to its end that should be over, and why in words for the log; null while it is alive.
 *
 * A manual reservation is over from its `expiresAt` on. A run reservation ends with its process. With its keeper there, that
 * was just now, and whoever is quicker than the keeper says what it would; but where the keeper should have given a sign since
 * then, it was kept from that (its store was away, it was stopped), and from telling of the end. Else nobody has seen when, so
 * its last sign of life stands for it.
 */
export function endOf(
  reservation: Reservation,
  sightings: Sightings,
  now: number,
): { endedAt: number; ending: Ending; note?: string } | null {
  if (reservation.type === 'manual') {
    return now >= reservation.expiresAt ? { endedAt: reservation.expiresAt, ending: 'expired' } : null
  }
  const { id, heartbeatAt } = reservation
  if (sightings.get(id) === 'ended') {
    return { endedAt: Math.min(now, heartbeatAt + HEARTBEAT_INTERVAL_MS), ending: 'finished' }
  }
  if (!isGone(id, heartbeatAt, sightings, now)) return null
  const note =
    sightings.get(id) === 'gone'
      ? 'its process is gone'
      : `no heartbeat for ${formatDuration(now - heartbeatAt)}`
  return { endedAt: heartbeatAt, ending: 'reclaimed', note }
}

/** Whether a process has ended; one that cannot be seen has, once it gave no sign of life for too long. */
function isGone(id: string, lastSignAt: number, sightings: Sightings, now: number): boolean {
  const sighting = sightings.get(id) ?? 'unseen'
  return sighting === 'gone' || (sighting === 'unseen' && now - lastSignAt > HEARTBEAT_TIMEOUT_MS)
}

/**
 * The pool without the reservations that are over and the requests whose process has ended, and the changes that make it
 * so. Every rule starts from it.
 */
export function settle(pool: Pool, sightings: Sightings, now: number): { pool: Pool; changes: Change[] } {
  const changes = [
    ...pool.reservations.flatMap((reservation): Change[] => {
      const end = endOf(reservation, sightings, now)
      return end ? ended(reservation, end.ending, { ...end, now }) : []
    }),
    ...pool.queue.flatMap((entry): Change[] =>
      isGone(entry.id, entry.heartbeatAt, sightings, now) ? leftQueue(entry, now) : [],
    ),
  ]
  return { pool: applyChanges(pool, changes) ?? pool, changes }
}
