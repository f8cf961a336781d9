import type { Sightings } from '../../src/core/expire.ts'
import type { Pool, Reservation } from '../../src/core/pool.ts'
import type { Usage } from '../../src/core/usage.ts'
import { MINUTE } from './pools.ts'

/** The rules said a second time, as plainly as can be, for properties to compare with. */

export function isOver(reservation: Reservation, sightings: Sightings, now: number): boolean {
  if (reservation.type === 'manual') return reservation.expiresAt <= now
  const sighting = sightings.get(reservation.id)
  if (sighting === 'alive') return false
  if (sighting === 'gone' || sighting === 'ended') return true
  return now - reservation.heartbeatAt > 5 * MINUTE
}

export function reservationOf(
  pool: Pool,
  index: number,
  sightings: Sightings,
  now: number,
): Reservation | undefined {
  return pool.reservations.find(
    reservation => reservation.gpus.includes(index) && !isOver(reservation, sightings, now),
  )
}

export function seenAs(usage: Usage | null, index: number, thresholdMiB: number): 'idle' | 'busy' | 'unseen' {
  const seen = usage?.gpus.get(index)
  if (!seen) return 'unseen'
  return seen.processes.length > 0 || (seen.memoryUsedMiB ?? 0) > thresholdMiB ? 'busy' : 'idle'
}
