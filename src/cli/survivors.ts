import type { RunReservation } from '../core/pool.ts'
import { isSameStore } from '../store/open.ts'

/** What keepers on this host hold in a store, whether it knows of it or not. */
export function survivorsIn(storeUrl: string): RunReservation[] {
  // Needed only when a server has lost something, or a pool is made.
  const { keptRuns } = require('../process/find-keepers.ts') as typeof import('../process/find-keepers.ts')
  return keptRuns(url => isSameStore(url, storeUrl))
}
