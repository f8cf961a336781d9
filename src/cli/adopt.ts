import { adopt, type SeenProcess } from '../core/adopt.ts'
import type { RunReservation } from '../core/pool.ts'
import type { Usage } from '../core/usage.ts'
import { identityOf, sightAll } from '../process/identity.ts'
import { startKeeper } from '../process/start-keeper.ts'
import { processUid, userNameOf } from '../system/user-name.ts'
import type { Context } from './command.ts'
import { initialized } from './context.ts'
import { probeOrders } from './keeper-orders.ts'
import { leaveForOthers } from './leave-for-others.ts'

/**
 * Binds a reservation to processes that use GPUs already, and leaves a keeper that watches all of them.
 *
 * @param pids null for all of the user's that use a GPU without reservation
 * @throws {CannotAdoptError}
 */
export async function adoptProcesses(
  context: Context,
  { pids, user, note }: { pids: readonly number[] | null; user: string | null; note: string | null },
): Promise<RunReservation> {
  const orders = probeOrders(context)
  const { store, pool, probe, askedAt } = await context.openProbedPool('write')
  const usage = await probe.usage()
  const processes = seenProcesses(usage, pids ?? [])
  const adoption = { id: context.newId(), by: context.holder, alias: user, note, pids }
  const answer = await store.update(stored => {
    const pool = initialized(stored)
    const { memoryThresholdMiB } = context
    const sightings = sightAll(pool)
    return adopt(pool, adoption, { usage, memoryThresholdMiB, sightings, processes, now: context.now() })
  })
  await leaveForOthers(store, usage, { pool, now: context.now(), askedAt })
  if (answer.kind === 'refused') throw answer.error
  const { reservation } = answer
  const { id, gpus } = reservation
  startKeeper({
    ...orders,
    reservationId: id,
    gpus,
    task: {
      type: 'run',
      processes: reservation.processes,
      killAfterMs: null,
      claim: store.fleet && reservation,
    },
  })
  return reservation
}

/** The processes on the GPUs and those asked for, as far as they run and can be seen. */
function seenProcesses(usage: Usage, asked: readonly number[]): Map<number, SeenProcess> {
  const onGpus = [...usage.gpus.values()].flatMap(({ processes }) => processes.map(({ pid }) => pid))
  return new Map(
    [...new Set([...onGpus, ...asked])].flatMap((pid): [number, SeenProcess][] => {
      const identity = identityOf(pid)
      const uid = processUid(pid)
      // Asked for once more: what was read of the user is of this process, and of none that has its pid by now.
      if (!identity || uid === null || identityOf(pid)?.startTicks !== identity.startTicks) return []
      return [[pid, { identity, owner: { uid, userName: userNameOf(uid) } }]]
    }),
  )
}
