import { OutputError } from '../../core/errors.ts'
import { EPIPE, errorText, writeAll } from '../../system/libc.ts'
import { safeText } from './safe-text.ts'

const [STDOUT, STDERR] = [1, 2]

/**
 * Writes lines to stdout. A reader that has gone away (`status | head -1`) has seen enough: that is no error.
 *
 * @throws {OutputError} when they cannot be written: a full disk, say
 */
export function print(...lines: string[]): void {
  const error = write(STDOUT, lines)
  if (error !== 0 && error !== EPIPE) throw new OutputError(errorText(error))
}

/** Writes lines to stderr, where nobody can be told if that fails. */
export function notice(...lines: string[]): void {
  write(STDERR, lines)
}

/** Shows a line on the terminal behind stderr in the place of the one before. */
export function noticeInPlace(line: string): void {
  // Back to the first column, and erase to the end of the line; ECMA-48 EL.
  writeAll(STDERR, Buffer.from(`\r\x1b[K${safeText(line)}`))
}

function write(fd: number, lines: readonly string[]): number {
  return writeAll(fd, Buffer.from(lines.map(line => `${safeText(line)}\n`).join('')))
}
