import type { ProcessIdentity, RunReservation } from '../core/pool.ts'
import { textOf } from '../system/text.ts'
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
 * nothing speaks against a single process.
 */
export function startedCommandOf({ id, processes }: RunReservation): ProcessIdentity | null {
  const [process, ...more] = processes
  if (!process || more.length > 0) return null
  const env = strings(`/proc/${process.pid}/environ`)
  const isReadable = variable(env, 'PATH') !== undefined
  const own = variable(env, RESERVATION)
  return own === undefined ? (isReadable ? null : process) : textOf(own) === id ? process : null
}
