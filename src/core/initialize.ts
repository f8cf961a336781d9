import { PoolAlreadyInitializedError } from './errors.ts'
import type { Decision, Pool, Provider } from './pool.ts'

/** A bound on what one host can hold, so that a slip of the finger does not fill the disk; the largest hosts have 16-20. */
export const MAX_GPUS = 1024

/**
 * Makes the pool, or with `force` makes it anew: every reservation is cleared.
 *
 * @returns how many reservations were cleared, null when the pool is new
 * @throws {PoolAlreadyInitializedError} when there is a pool and `force` is not given
 */
export function initialize(
  pool: Pool | null,
  { provider, gpuCount, force }: { provider: Provider; gpuCount: number; force: boolean },
): Decision<{ cleared: number | null }> {
  if (pool && !force) throw new PoolAlreadyInitializedError(pool.gpus.length, pool.reservations.length)
  return {
    changes: [{ kind: 'initialize', provider, gpuCount }],
    result: { cleared: pool ? pool.reservations.length : null },
  }
}
