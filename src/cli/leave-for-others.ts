import type { Pool } from '../core/pool.ts'
import type { Usage } from '../core/usage.ts'
import type { Store } from '../store/store.ts'

/** Leaves what a probe has said for other hosts to see, where there are any; what is needed for it is loaded only there. */
export async function leaveForOthers(
  store: Store,
  usage: Usage | null,
  times: { pool: Pool; now: number; askedAt: number },
): Promise<void> {
  if (!store.fleet) return
  const { leaveUsage } = await import('./fleet/leave.ts')
  await leaveUsage(store, usage, times)
}
