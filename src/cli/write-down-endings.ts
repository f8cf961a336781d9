import { UserError } from '../core/errors.ts'
import { settle } from '../core/expire.ts'
import type { Pool } from '../core/pool.ts'
import { sight, sightAll } from '../process/identity.ts'
import type { Store } from '../store/store.ts'
import type { Context } from './command.ts'
import { initialized } from './context.ts'

/**
 * Writes down what is over and what nobody has written down yet, so that the log has it: reservations whose time has come,
 * commands that have ended and whose keepers have not told yet, or never will. Every command that changes the pool does the
 * same; a log is looked at when none has come by yet.
 *
 * Where that cannot be done, also because it is the pool of another machine, the log is shown as it is.
 */
export async function writeDownEndings(context: Context, store: Store): Promise<void> {
  if (store.fleet && !(await store.fleet.isHere())) return
  const pending = (pool: Pool) => settle(pool, sightAll(pool), context.now()).changes
  if (pending(initialized(await store.read())).length === 0) return
  try {
    const writer = await context.openStore('write')
    try {
      await writer.update(stored => ({ changes: pending(initialized(stored)), result: undefined }))
    } finally {
      writer.close()
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
  }
}

/** The processes on this host whose end is the end of a reservation. */
export function livingPids({ reservations }: Pool): number[] {
  return reservations
    .flatMap(reservation => (reservation.type === 'run' ? reservation.processes : []))
    .filter(identity => sight(identity) === 'alive')
    .map(({ pid }) => pid)
}
