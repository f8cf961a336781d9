import { OtherMachineError } from '../core/errors.ts'
import type { ProcessIdentity } from '../core/pool.ts'
import { releaseKept } from '../core/release.ts'
import { type Duties, keep, type Limit, RHYTHM } from '../process/keeper.ts'
import { type KeeperOrders, parseKeeperOrders, type RunTask, startObserver } from '../process/start-keeper.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { letGoOfCode } from '../system/libc/memory.ts'
import { sleep } from '../system/libc/waiting.ts'
import { heartbeatOf, inPool } from './keeper-heartbeat.ts'
import { observeIfDue } from './observe.ts'
import { wholeStoreUrl } from './store-url.ts'

const SIGKILL = 9

/** For other hosts somebody looks at GPUs that have come free; not at once, since the next command here may do that anyway. */
const LOOK_AFTER_MS = 2000

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

async function keepRun(orders: KeeperOrders, { processes, killAfterMs, claim }: RunTask): Promise<void> {
  const limit = killAfterMs === null ? null : await groupLimit(processes, killAfterMs)
  const kept = { id: orders.reservationId, uid: process.getuid?.() ?? 0 }
  const beat = heartbeatOf(kept, claim)
  let endedAt: number | null = null
  let hasFreed = false
  const duties: Duties = {
    heartbeat: () =>
      withStore(orders, async store => {
        const isHeld = await beat(store)
        const pool = isHeld ? await store.read() : null
        if (pool) observeIfDue(orders, pool, Date.now())
        return isHeld
      }),
    release() {
      // However long it takes to write it down.
      const at = endedAt ?? Date.now()
      endedAt = at
      return withStore(orders, async store => {
        await store.update(inPool(pool => releaseKept(pool, kept, at), undefined)).catch(unlessTakenOver)
        hasFreed = store.fleet !== null
      })
    },
  }
  // What a server that is down must be told, nobody tells it but the keeper.
  const rhythm = claim ? { ...RHYTHM, releaseAttempts: Infinity } : RHYTHM
  await keep(processes, duties, rhythm, limit)
  if (!hasFreed) return
  sleep(LOOK_AFTER_MS)
  startObserver(orders)
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

async function withStore<T>(orders: KeeperOrders, act: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(wholeStoreUrl(orders), 'write')
  try {
    return await act(store)
  } finally {
    store.close()
    letGoOfCode()
  }
}

/** A pool that another machine has taken over was cleared for it: it has nothing of this one, however often it is asked. */
function unlessTakenOver(error: unknown): void {
  if (!(error instanceof OtherMachineError)) throw error
}
