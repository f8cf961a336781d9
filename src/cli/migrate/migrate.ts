import { DAY_MS } from '../../core/duration.ts'
import { CannotMoveError, NotAdministratorError, UsageError } from '../../core/errors.ts'
import { type Places, runsIn } from '../../core/move.ts'
import type { Pool } from '../../core/pool.ts'
import { sightAll } from '../../process/identity.ts'
import { startKeeper } from '../../process/start-keeper.ts'
import { absoluteStoreUrl, openStore, shownStoreUrl } from '../../store/open.ts'
import { hostIn } from '../../store/redis/url.ts'
import type { Store } from '../../store/store.ts'
import { sleep } from '../../system/libc/waiting.ts'
import { userNameOf } from '../../system/user-name.ts'
import type { Context } from '../command.ts'
import { ownHost } from '../fleet/own-host.ts'
import { killAfter, probeOrders } from '../keeper-orders.ts'
import { shellWord } from '../output/shell-word.ts'
import { urlInFile } from '../store-file.ts'
import { chosenStoreUrl, handedOn } from '../store-url.ts'
import { type Moved, movePool, type Relocation, undoMove } from './move-pool.ts'

/** A server knows of somebody who was killed at it for a minute; an observer in the same place takes as long as the GPU tool. */
const [TURNS, TURN_MS] = [350, 200]

/** Where a pool is to go. */
interface Target {
  readonly to: string | null
  readonly toFile: string | null
}

/**
 * Moves the pool of this host to another store, goes on with a move that was interrupted, or gives it up.
 *
 * @throws {UsageError}
 * @throws {UserError} when it cannot be moved; then it is where it was
 */
export async function migrate(
  context: Context,
  { undo, ...where }: Target & { undo: boolean },
): Promise<void> {
  const toUrl = targetUrl(context, where)
  const places = { from: shown(context.storeUrl), to: shown(toUrl) }
  if (places.from === places.to) throw new CannotMoveError({ kind: 'same-place' })
  const source = await context.openStore('write')
  await refuseOthers(source, context)
  const target = await openStore(toUrl, undo ? 'write' : 'create', {
    historyMs: context.settings.historyDays * DAY_MS,
  })
  if (undo) {
    const wasMoving = await alone(context, [source, target], () => undoMove({ source, target, places }))
    context.print(wasMoving ? `The pool stays at ${places.from}` : 'Nothing was on the move')
    return
  }
  const relocation: Relocation = {
    source,
    target,
    places,
    newId: context.newId(),
    mover: pool => ({ by: context.holder, sightings: sightAll(pool), now: context.now() }),
    handOver: pool => startKeepers(context, target, toUrl, where, pool),
  }
  const moved = await alone(context, [source, target], () => movePool(relocation)).catch(
    async (error: unknown) => {
      const present = await source.read().catch(() => null)
      if (present?.move?.state === 'leaving') context.notice(onTheWay(places))
      throw error
    },
  )
  // A name that nobody has typed is that of every host for itself, and must not get into what hosts have in common.
  const to = context.origins.given.has('host') ? places.to : shown(where.to ?? toUrl)
  context.print(
    ...told(moved, places.to, where.toFile === null ? ['store', to] : ['store-file', where.toFile]),
  )
}

/** What whoever moves a pool must know when it is neither here nor there. */
function onTheWay({ from }: Places): string {
  return `The pool is on its way, and nothing is handed out. Run the same command again to go on, or with --undo to keep the pool at ${from}`
}

/** @throws {UsageError} when none is named, or it cannot be understood */
function targetUrl(context: Context, { to, toFile }: Target): string {
  if (to === null && toFile === null)
    throw new UsageError('Missing option --to, for example --to redis://gpu-store.lab:6379/0')
  const named = hostIn(toFile === null ? (to ?? '') : urlInFile(toFile))
  const { given } = context.origins
  const host = named ?? given.get('host') ?? ownHost(context)
  return absoluteStoreUrl(chosenStoreUrl({ store: to ?? '', storeFile: toFile, host }, given.has('to')))
}

/** A place as it stands in both pools, for everybody to read. */
function shown(url: string): string {
  return shownStoreUrl(absoluteStoreUrl(url))
}

/** @throws {NotAdministratorError} */
async function refuseOthers(source: Store, { storeUrl, holder }: Context): Promise<void> {
  const owner = await source.administratorUid()
  if (holder.uid !== 0 && owner !== null && owner !== holder.uid)
    throw new NotAdministratorError(shown(storeUrl), userNameOf(owner), 'move')
}

/**
 * Acts where nobody else moves the pool. Where one of the two stores is a file it is locked: a lock of the kernel's is gone
 * with whoever is killed.
 *
 * @throws {CannotMoveError} when somebody else is at it
 */
async function alone<T>({ notice }: Context, stores: readonly Store[], act: () => Promise<T>): Promise<T> {
  const lock = stores.find(({ fleet }) => fleet === null) ?? stores[0]
  for (let turn = 0; turn < TURNS; turn++) {
    const done = await lock?.alone(async () => ({ value: await act() }))
    if (done) return done.value
    if (turn === 0) notice('Somebody else is at work there; waiting for them')
    sleep(TURN_MS)
  }
  throw new CannotMoveError({ kind: 'at-work' })
}

/** What runs is kept at the new place from now on; the old keepers find the pool gone, and end. */
function startKeepers(context: Context, target: Store, url: string, { toFile }: Target, pool: Pool): void {
  const orders = { ...probeOrders(context), ...handedOn(url, { storeFile: toFile }) }
  for (const run of runsIn(pool)) {
    const leftMs = run.endsAt === null ? null : Math.max(0, run.endsAt - context.now())
    startKeeper({
      ...orders,
      reservationId: run.id,
      gpus: run.gpus,
      task: {
        type: 'run',
        processes: run.processes,
        killAfterMs: killAfter(leftMs),
        claim: target.fleet && run,
      },
    })
  }
}

function told({ pool, copied }: Moved, to: string, [option, value]: readonly [string, string]): string[] {
  const history = copied ? `, ${copied.records} usage record(s) and ${copied.events} event(s)` : ''
  return [
    `Moved ${pool.gpus.length} GPUs, ${pool.reservations.length} reservation(s)${history} to ${to}`,
    `From now on: --${option} ${shellWord(value)}, or ${option} = "${value}" in /etc/canhazgpu/config.toml`,
  ]
}
