import type { Decision } from './changes.ts'
import { PoolAlreadyInitializedError } from './errors.ts'
import { ended, leftQueue, loggedAct } from './history.ts'
import { type Holder, knownEnd, type Pool, type Provider, type Reservation } from './pool.ts'

/** A bound on what one host can hold, so that a slip of the finger does not fill the disk; the largest hosts have 16-20. */
export const MAX_GPUS = 1024

/**
 * Makes the pool, or with `force` makes it anew: every reservation is cleared, and so is the line.
 *
 * @returns how many reservations were cleared, null when the pool is new
 * @throws {PoolAlreadyInitializedError} when there is a pool and `force` is not given
 */
export function initialize(
  pool: Pool | null,
  { provider, gpuCount, force, by }: { provider: Provider; gpuCount: number; force: boolean; by: Holder },
  now: number,
): Decision<{ cleared: number | null }> {
  if (pool && !force) throw new PoolAlreadyInitializedError(pool.gpus.length, pool.reservations.length)
  const present = pool?.reservations ?? []
  // Nobody has looked for processes here; but a time that was over days ago is not use until today.
  const hasExpired = (reservation: Reservation) =>
    reservation.type === 'manual' && reservation.expiresAt <= now
  return {
    changes: [
      ...present.flatMap(reservation =>
        hasExpired(reservation)
          ? ended(reservation, 'expired', { endedAt: knownEnd(reservation) ?? now, now })
          : ended(reservation, 'cleared', { endedAt: now, now, by }),
      ),
      ...(pool?.queue ?? []).flatMap(entry => leftQueue(entry, now)),
      { kind: 'initialize', provider, gpuCount, ...(force && { forGood: true }) },
      loggedAct('initialized', by, now, { note: `${gpuCount} GPUs` }),
    ],
    result: { cleared: pool && present.filter(reservation => !hasExpired(reservation)).length },
  }
}
