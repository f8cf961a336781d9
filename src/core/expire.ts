import { applyChanges, type Change, type Pool, type Reservation } from './pool.ts'

/**
 * What looking for a reservation's process found: it runs, it is gone, or it cannot be seen from here
 * (it counts its pids in another namespace: a container).
 */
export type Sighting = 'alive' | 'gone' | 'unseen'

/** By reservation id. A `run` reservation that is missing counts as unseen. */
export type Sightings = ReadonlyMap<string, Sighting>

/** How often a keeper records a sign of life. */
export const HEARTBEAT_INTERVAL_MS = 60_000

/** Five missed heartbeats end a reservation whose process cannot be seen; one that can be seen never ends by silence. */
export const HEARTBEAT_TIMEOUT_MS = 5 * HEARTBEAT_INTERVAL_MS

/**
 * When a reservation that should be over came to its end, or null while it is alive.
 *
 * A manual reservation is over from its `expiresAt` on. A run reservation ends with its process; nobody was there to see
 * when, so its last sign of life stands for it.
 */
export function endedAt(reservation: Reservation, sightings: Sightings, now: number): number | null {
  if (reservation.type === 'manual') return now >= reservation.expiresAt ? reservation.expiresAt : null
  const sighting = sightings.get(reservation.id) ?? 'unseen'
  const gone =
    sighting === 'gone' || (sighting === 'unseen' && now - reservation.heartbeatAt > HEARTBEAT_TIMEOUT_MS)
  return gone ? reservation.heartbeatAt : null
}

/** The pool without the reservations that are over, and the changes that make it so. Every rule starts from it. */
export function settle(pool: Pool, sightings: Sightings, now: number): { pool: Pool; changes: Change[] } {
  const changes = pool.reservations.flatMap((reservation): Change[] => {
    const releasedAt = endedAt(reservation, sightings, now)
    return releasedAt === null ? [] : [{ kind: 'remove', id: reservation.id, releasedAt }]
  })
  return { pool: applyChanges(pool, changes) ?? pool, changes }
}
