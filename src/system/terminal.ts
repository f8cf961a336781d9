import { readLink } from './libc/files.ts'
import { isTerminal } from './libc/terminal-modes.ts'

/** The device of the terminal behind a descriptor, `/dev/pts/3`; null when it is none that others could open. */
export function terminalPath(fd: number): string | null {
  if (!isTerminal(fd)) return null
  const path = readLink(`/proc/self/fd/${fd}`)
  return path !== null && /^\/dev\/(pts\/\d+|tty\w+)$/.test(path) ? path : null
}
