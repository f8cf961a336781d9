import { SECOND_MS } from '../core/duration.ts'
import { UserError } from '../core/errors.ts'
import { settle } from '../core/expire.ts'
import type { Pool } from '../core/pool.ts'
import { sight, sightAll } from '../process/identity.ts'
import type { Listener, Store } from '../store/store.ts'
import type { Context } from './command.ts'
import { initialized } from './context.ts'

/** A keeper writes down the end of its command within milliseconds, on a machine that is overloaded within a second or two. */
const KEEPER_GRACE_MS = 3 * SECOND_MS

/**
 * Writes down what is over and what nobody has written down yet, so that the log has it: reservations whose time has come,
 * commands that have ended without a keeper. Every command that changes the pool does the same; a log is looked at when
 * none has come by yet.
 *
 * Where that cannot be done, also because it is the pool of another machine, the log is shown as it is.
 */
export async function writeDownEndings(context: Context, store: Store, listener: Listener): Promise<void> {
  if (store.fleet && !(await store.fleet.isHere())) return
  const pending = async () => {
    const pool = initialized(await store.read())
    return settle(pool, sightAll(pool), context.now()).changes
  }
  const deadline = context.now() + KEEPER_GRACE_MS
  let changes = await pending()
  // What a keeper says is better: it has seen the end.
  while (changes.some(isReclaim) && context.now() < deadline) {
    await listener.wait([], Math.max(0, deadline - context.now()))
    changes = await pending()
  }
  if (changes.length === 0) return
  try {
    const writer = await context.openStore('write')
    try {
      await writer.update(stored => {
        const pool = initialized(stored)
        return { changes: settle(pool, sightAll(pool), context.now()).changes, result: undefined }
      })
    } finally {
      writer.close()
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
  }
}

function isReclaim(change: ReturnType<typeof settle>['changes'][number]): boolean {
  return change.kind === 'record' && change.record.ending === 'reclaimed'
}

/** The processes on this host whose end is the end of a reservation. */
export function livingPids({ reservations }: Pool): number[] {
  return reservations
    .flatMap(reservation => (reservation.type === 'run' ? reservation.processes : []))
    .filter(identity => sight(identity) === 'alive')
    .map(({ pid }) => pid)
}
