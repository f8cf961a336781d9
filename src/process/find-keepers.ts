import type { RunReservation } from '../core/pool.ts'
import { processUid, userNameOf } from '../system/user-name.ts'
import { wordsOf } from './command-of.ts'
import { KEEPER } from './hidden-words.ts'
import { identityOf, sight } from './identity.ts'
import { allPids } from './pids.ts'
import { type KeeperOrders, parseKeeperOrders, type RunTask } from './start-keeper.ts'

/**
 * What the keepers on this host hold, as their command lines tell it: run reservations whose processes live. They are in the order
 * in which the keepers were started, which the kernel tells: when something was reserved, anybody can write on a command line.
 *
 * @param isMeant whether a keeper's store is the one that is asked about
 */
export function keptRuns(isMeant: (storeUrl: string) => boolean): RunReservation[] {
  return allPids()
    .flatMap(pid => {
      const claim = keptRun(pid, isMeant)
      return claim ? [{ claim, startTicks: identityOf(pid)?.startTicks ?? Infinity }] : []
    })
    .sort((a, b) => a.startTicks - b.startTicks)
    .map(({ claim }) => claim)
}

function keptRun(pid: number, isMeant: (storeUrl: string) => boolean): RunReservation | null {
  const words = wordsOf(pid)
  if (words[1] !== KEEPER) return null
  const uid = processUid(pid)
  try {
    const orders = parseKeeperOrders(words.slice(2))
    if (uid === null || orders.task.type !== 'run' || !isMeant(orders.storeUrl)) return null
    const lives = orders.task.processes.some(process => sight(process) === 'alive')
    return lives ? claimOf(orders, orders.task, uid) : null
  } catch {
    // Anybody may start something that looks like a keeper.
    return null
  }
}

/** What a keeper claims. Nobody but root claims for another user. */
function claimOf(
  { reservationId: id, gpus }: KeeperOrders,
  { claim, processes }: RunTask,
  uid: number,
): RunReservation | null {
  if (!claim) return null
  const { alias, note, reservedAt, waitedMs, unusedGpuMs, endsAt } = claim
  const holder = uid === 0 ? claim.holder : { uid, userName: userNameOf(uid) }
  const isSound =
    [alias, note].every(label => label === null || typeof label === 'string') &&
    [...gpus, reservedAt, waitedMs, unusedGpuMs, holder?.uid, endsAt ?? 0].every(Number.isSafeInteger) &&
    typeof holder.userName === 'string' &&
    new Set(gpus).size === gpus.length
  if (!isSound) return null
  return {
    id,
    type: 'run',
    holder: { uid: holder.uid, userName: holder.userName },
    alias,
    note,
    gpus: gpus.toSorted((a, b) => a - b),
    reservedAt,
    waitedMs,
    unusedGpuMs,
    processes,
    heartbeatAt: reservedAt,
    endsAt,
  }
}
