import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { isTerminal } from './libc/terminal-modes.ts'

const { O_WRONLY, O_NOCTTY, O_NONBLOCK } = constants
/** The permission that `mesg y` gives, and `mesg n` takes. */
const MAY_WRITE = 0o020

/**
 * Writes a line to a user's terminal, in a moment or not at all: only if it is a terminal, the user's still, and open to
 * messages (`mesg y`). It never becomes the terminal of this process.
 *
 * @param line printable characters only
 * @returns whether it was written
 */
export function writeToTerminal(path: string, uid: number, line: string): boolean {
  let fd = -1
  try {
    fd = openSync(path, O_WRONLY | O_NOCTTY | O_NONBLOCK)
    const { uid: owner, mode } = fstatSync(fd)
    if (!isTerminal(fd) || owner !== uid || (mode & MAY_WRITE) === 0) return false
    // A program that draws on the whole screen has switched off that a line feed goes back to the first column.
    const bytes = Buffer.from(`\r\n${line}\r\n`)
    return writeSync(fd, bytes) === bytes.length
  } catch {
    // Closed, somebody else's by now, or full: there is nobody to tell.
    return false
  } finally {
    if (fd >= 0) closeSync(fd)
  }
}
