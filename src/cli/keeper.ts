import type { Decision } from '../core/changes.ts'
import type { Pool } from '../core/pool.ts'
import { recordHeartbeat, releaseKept } from '../core/release.ts'
import { keep } from '../process/keeper.ts'
import { parseKeeperOrders } from '../process/start-keeper.ts'
import { openStore } from '../store/open.ts'

/**
 * The hidden command that `run` leaves behind: keeps one reservation until its process ends.
 *
 * The store is opened for each act and closed again, so that a keeper of days holds no file and little memory.
 */
export async function runKeeper(words: readonly string[]): Promise<number> {
  const { storeUrl, reservationId: id, process: kept } = parseKeeperOrders(words)
  const uid = process.getuid?.() ?? 0
  // In a pool that is gone the reservation is, too, and nothing is left to do.
  const update = async <T>(decide: (pool: Pool) => Decision<T>, inNoPool: T): Promise<T> => {
    const store = await openStore(storeUrl, 'write')
    try {
      return await store.update(pool => (pool ? decide(pool) : { changes: [], result: inNoPool }))
    } finally {
      store.close()
    }
  }
  await keep(kept, {
    heartbeat: () => update(pool => recordHeartbeat(pool, { id, uid }, Date.now()), false),
    release: () => update(pool => releaseKept(pool, { id, uid }, Date.now()), undefined),
  })
  return 0
}
