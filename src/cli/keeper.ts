import type { Decision } from '../core/changes.ts'
import type { Pool, ProcessIdentity } from '../core/pool.ts'
import { recordHeartbeat, releaseKept } from '../core/release.ts'
import { type Duties, keep, type Limit, RHYTHM } from '../process/keeper.ts'
import { type KeeperOrders, parseKeeperOrders, type RunTask } from '../process/start-keeper.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { observeIfDue } from './observe.ts'

const SIGKILL = 9

/**
 * The hidden command that `run` and `reserve` leave behind: keeps one reservation until its end.
 *
 * The store is opened for each act and closed again, so that a keeper of days holds no file and little memory.
 */
export async function runKeeper(words: readonly string[]): Promise<number> {
  const orders = parseKeeperOrders(words)
  if (orders.task.type === 'manual') {
    const { keepInformed } = await import('./keep-informed.ts')
    await keepInformed(orders, orders.task)
  } else {
    await keepRun(orders, orders.task)
  }
  return 0
}

async function keepRun(orders: KeeperOrders, { processes, killAfterMs }: RunTask): Promise<void> {
  const limit = killAfterMs === null ? null : await groupLimit(processes, killAfterMs)
  const kept = { id: orders.reservationId, uid: process.getuid?.() ?? 0 }
  const duties: Duties = {
    heartbeat: () =>
      withStore(orders, async store => {
        const isHeld = await store.update(inPool(pool => recordHeartbeat(pool, kept, Date.now()), false))
        const pool = isHeld ? await store.read() : null
        if (pool) observeIfDue(orders, pool, Date.now())
        return isHeld
      }),
    release: () =>
      withStore(orders, store =>
        store.update(inPool(pool => releaseKept(pool, kept, Date.now()), undefined)),
      ),
  }
  await keep(processes, duties, RHYTHM, limit)
}

async function groupLimit(processes: readonly ProcessIdentity[], afterMs: number): Promise<Limit> {
  const { signalGroup } = await import('../system/libc/job-control.ts')
  return {
    afterMs,
    kill() {
      for (const { pid } of processes) signalGroup(pid, SIGKILL)
    },
  }
}

async function withStore<T>({ storeUrl }: KeeperOrders, act: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(storeUrl, 'write')
  try {
    return await act(store)
  } finally {
    store.close()
  }
}

/** In a pool that is gone the reservation is, too, and nothing is left to do. */
function inPool<T>(decide: (pool: Pool) => Decision<T>, inNoPool: T): (pool: Pool | null) => Decision<T> {
  return pool => (pool ? decide(pool) : { changes: [], result: inNoPool })
}
