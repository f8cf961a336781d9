import { CommandStillRunsError, UsageError } from '../core/errors.ts'
import type { Sighting } from '../core/expire.ts'
import { gpuList } from '../core/gpu-list.ts'
import type { Holder, Pool, ProcessIdentity, Reservation } from '../core/pool.ts'
import { planRelease, releaseByWord, releaseKept } from '../core/release.ts'
import { startedCommandOf } from '../process/command-of.ts'
import { endCommands } from '../process/end-command.ts'
import { sightAll } from '../process/identity.ts'
import type { Store } from '../store/store.ts'
import type { Context } from './command.ts'
import { initialized } from './context.ts'
import { lookForOthers } from './look-for-others.ts'
import { ask } from './output/ask.ts'
import { releaseNotice } from './output/release-lines.ts'

interface Wish {
  readonly gpuIds: readonly number[]
  readonly yes: boolean
  readonly grace: number
  readonly json: boolean
}

/** A reservation that is to be ended. */
export interface Ending {
  readonly reservation: Reservation
  /** The command that ends before its GPUs come free; null when there is none to end. */
  readonly command: ProcessIdentity | null
  /** What looking for its processes found; null for a manual reservation. */
  readonly processes: Sighting | null
}

/**
 * `release --gpu-ids`: ends the reservations of some GPUs, each as a whole, and the commands that run on them. It says first
 * what it will do, and asks where that is more than to give back what the caller has reserved by hand.
 */
export async function releaseGpus(
  { gpuIds, yes, grace: graceMs, json }: Wish,
  { store, pool }: { store: Store; pool: Pool },
  context: Context,
): Promise<number> {
  const { holder: by, notice, now } = context
  const sightings = sightAll(pool)
  const plan = planRelease(pool, { by, gpuIds }, sightings, now())
  const endings = [
    ...plan.live.map(reservation => endingOf(reservation, sightings.get(reservation.id) ?? 'unseen')),
    ...plan.over.map((reservation): Ending => ({ reservation, command: null, processes: 'gone' })),
  ]
  notice(...endings.map(ending => releaseNotice(ending, by, graceMs)))
  if (!yes && endings.some(ending => isMoreThanAsked(ending, by, gpuIds)) && !isConfirmed()) {
    notice('Nothing was released')
    return 1
  }

  const commands = endings.flatMap(({ reservation, command }) => (command ? [{ reservation, command }] : []))
  const endingIds = commands.map(({ reservation }) => reservation.id)
  const ids = plan.live.map(({ id }) => id).filter(id => !endingIds.includes(id))
  const released = await store.update(stored => {
    const current = initialized(stored)
    return releaseByWord(current, { by, ids, endingIds }, sightAll(current), now())
  })
  const outcomes = endCommands(
    commands.map(({ command }) => command),
    graceMs,
  )
  const ended = commands.filter((_, place) => outcomes[place] === 'ended')
  // Their keepers do the same, if they are there.
  for (const { reservation } of ended) await releaseEnded(store, reservation, now())
  const gpus = [...released, ...plan.over, ...ended.map(({ reservation }) => reservation)].flatMap(
    reservation => reservation.gpus,
  )
  if (gpus.length > 0) await lookForOthers(context, store)
  if (json) {
    const { releaseDocument } = await import('./output/json/release.ts')
    context.print(releaseDocument(gpus.sort((a, b) => a - b)))
  } else report(gpus, gpuIds, plan.notReserved, context)
  for (const [place, { reservation, command }] of commands.entries()) {
    const outcome = outcomes[place]
    if (outcome === 'denied' || outcome === 'survived')
      throw new CommandStillRunsError(command.pid, reservation.gpus, outcome)
  }
  return 0
}

function endingOf(reservation: Reservation, processes: Sighting): Ending {
  if (reservation.type === 'manual') return { reservation, command: null, processes: null }
  const isSeen = processes === 'alive' || processes === 'stopped'
  return { reservation, processes, command: isSeen ? startedCommandOf(reservation) : null }
}

/** Whether a release does more than to free the very GPUs that were named, the caller's own, and touches nothing that runs. */
function isMoreThanAsked({ reservation, processes }: Ending, by: Holder, gpuIds: readonly number[]): boolean {
  if (processes === 'gone') return false
  const isOwn = reservation.holder.uid === by.uid
  return processes !== null || !isOwn || reservation.gpus.some(index => !gpuIds.includes(index))
}

/** @throws {UsageError} where there is nobody to ask */
function isConfirmed(): boolean {
  const answer = ask('Go on?')
  if (answer === null)
    throw new UsageError(
      'There is no terminal to ask on, so nothing was released. To do it all the same, add --yes',
    )
  return answer
}

function releaseEnded(store: Store, { id, holder }: Reservation, now: number): Promise<void> {
  return store.update(stored => releaseKept(initialized(stored), { id, uid: holder.uid }, now))
}

function report(
  released: readonly number[],
  asked: readonly number[],
  notReserved: readonly number[],
  { print, notice }: Context,
): void {
  const gpus = released.toSorted((a, b) => a - b)
  if (gpus.length > 0) print(`Released ${gpus.length} GPU(s): ${gpuList(gpus)}`)
  const isNothing = notReserved.length === asked.length
  if (isNothing) print(`No reserved GPUs found among ${gpuList(asked)}`)
  else if (notReserved.length > 0) notice(`Not reserved: ${gpuList(notReserved)}`)
}
