import type { ProcessIdentity, RunReservation } from '../core/pool.ts'
import { textOf } from '../system/text.ts'
import { processUid } from '../system/user-name.ts'
import { strings, variable } from './caller.ts'

/** The variable by which a command knows the reservation that it was started for. */
const RESERVATION = 'CANHAZGPU_RESERVATION'

/** The words of a process's command line, decoded; none when it is gone. */
export function wordsOf(pid: number): string[] {
  return strings(`/proc/${pid}/cmdline`).map(textOf)
}

/**
 * The process of the command that `run` has started for a reservation; null when its processes were adopted: they were
 * there before it, and live on when it ends.
 *
 * The command has the reservation's id in its environment. Where that cannot be read, because the program has written over it,
 * nothing speaks against a single process of the holder's. What is another user's is not believed to be one: a store says what
 * those who may write to it want, and root could end anything.
 */
export function startedCommandOf({ id, holder, processes }: RunReservation): ProcessIdentity | null {
  const [first, ...more] = processes
  if (!first || more.length > 0) return null
  const env = strings(`/proc/${first.pid}/environ`)
  const own = variable(env, RESERVATION)
  if (own !== undefined) return textOf(own) === id ? first : null
  const isReadable = variable(env, 'PATH') !== undefined
  const isTheirs = process.getuid?.() !== 0 || processUid(first.pid) === holder.uid
  return !isReadable && isTheirs ? first : null
}
