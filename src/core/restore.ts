import type { Change, Decision } from './changes.ts'
import { logged } from './history.ts'
import type { Pool, RunReservation } from './pool.ts'
import { type Kept, recordHeartbeat } from './release.ts'

/** The life of a pool in a store that a server may lose: it begins when there is no pool and `admin` makes one. */
export interface Life {
  readonly id: string
  /** Whether an administrator has started over in it, which ends for good what was there in the lives before. */
  readonly isCleared: boolean
}

/**
 * Puts reservations back that their store has lost: each one as it was, if its GPUs are there and nobody else has them by now.
 *
 * @param lost run reservations whose processes live; of two that claim the same GPU, the first has it
 */
export function putBack(pool: Pool, lost: readonly RunReservation[], now: number): Change[] {
  const known = new Set(pool.reservations.map(({ id }) => id))
  const held = new Set(pool.reservations.flatMap(({ gpus }) => gpus))
  const present = new Set(pool.gpus.map(({ index }) => index))
  const changes: Change[] = []
  for (const claim of lost) {
    if (known.has(claim.id) || claim.gpus.some(index => held.has(index) || !present.has(index))) continue
    known.add(claim.id)
    for (const index of claim.gpus) held.add(index)
    const reservation = { ...claim, heartbeatAt: now }
    changes.push(
      { kind: 'add', reservation },
      logged('reserved', reservation, now, { note: 'put back after the store had lost it' }),
    )
  }
  return changes
}

/**
 * Records a sign of life for a run reservation in a store that may lose everything, or come back as it was some time ago; and
 * puts the reservation back where that has happened.
 *
 * @param seenIn the life in which its keeper has last seen the reservation, null when it has not yet
 * @param isLost whether the store is known to tell of no end of it, although it is not there
 * @returns whether it is still to be kept, and where it was seen now. Where there is no pool nothing can be granted, and
 *   whoever makes one asks the keepers first
 */
export function beatOverLosses(
  pool: Pool | null,
  life: Life | null,
  {
    kept,
    claim,
    seenIn,
    isLost,
  }: { kept: Kept; claim: RunReservation; seenIn: Life | null; isLost: boolean },
  now: number,
): Decision<{ isHeld: boolean; seenIn: Life | null }> {
  if (!pool || !life) return { changes: [], result: { isHeld: true, seenIn } }
  const { changes, result: isHeld } = recordHeartbeat(pool, kept, now)
  if (isHeld) return { changes, result: { isHeld, seenIn: life } }
  const restored = isLost && !wasCleared(seenIn, life) ? putBack(pool, [claim], now) : []
  return { changes: restored, result: { isHeld: restored.length > 0, seenIn } }
}

/** Whether an administrator has started over since a reservation was seen. */
function wasCleared(seenIn: Life | null, life: Life): boolean {
  return life.isCleared && !(seenIn?.id === life.id && seenIn.isCleared)
}
