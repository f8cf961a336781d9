import type { Decision } from '../core/changes.ts'
import { PoolMovedError } from '../core/errors.ts'
import type { Pool, ProcessIdentity, RunReservation } from '../core/pool.ts'
import { type Kept, recordHeartbeat, releaseKept } from '../core/release.ts'
import { beatOverLosses, type Life } from '../core/restore.ts'
import { type Duties, keep, type Limit, RHYTHM } from '../process/keeper.ts'
import { type KeeperOrders, parseKeeperOrders, type RunTask, startObserver } from '../process/start-keeper.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { letGoOfCode } from '../system/libc/memory.ts'
import { sleep } from '../system/libc/waiting.ts'
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
        await store.update(inPool(pool => releaseKept(pool, kept, at), undefined))
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

/** How to record a sign of life; of a reservation with a claim, over the losses of its store, too. */
function heartbeatOf(kept: Kept, claim: RunReservation | null): (store: Store) => Promise<boolean> {
  if (!claim) return store => store.update(inPool(pool => recordHeartbeat(pool, kept, Date.now()), false))
  let seenIn: Life | null = null
  return async store => {
    const known = { kept, claim, seenIn }
    const seen = await store.update((pool, life) =>
      whereItIs(pool, { isHeld: false, seenIn }, () => beatOverLosses(pool, life, known, Date.now())),
    )
    seenIn = seen.seenIn
    return seen.isHeld
  }
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

/** In a pool that is gone the reservation is, too, and nothing is left to do. */
function inPool<T>(decide: (pool: Pool) => Decision<T>, inNoPool: T): (pool: Pool | null) => Decision<T> {
  return pool => (pool ? whereItIs(pool, inNoPool, () => decide(pool)) : { changes: [], result: inNoPool })
}

/**
 * A pool that has moved has new keepers where it is now, and here nothing is left to do.
 *
 * @throws {PoolMovedError} while it moves: to be tried again
 */
function whereItIs<T>(pool: Pool | null, hasLeft: T, decide: () => Decision<T>): Decision<T> {
  if (pool?.move?.state === 'left') return { changes: [], result: hasLeft }
  if (pool?.move) throw new PoolMovedError(pool.move)
  return decide()
}
