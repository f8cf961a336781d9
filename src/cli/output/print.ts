import { OutputError } from '../../core/errors.ts'
import { writeAll } from '../../system/libc/files.ts'
import { EPIPE, errorText } from '../../system/libc/library.ts'
import { bytesOf } from '../../system/text.ts'
import { type ColouredLine, painted, takesColour } from './colour.ts'
import { safeText } from './safe-text.ts'

const [STDOUT, STDERR] = [1, 2]

/**
 * Writes lines to stdout. A reader that has gone away (`status | head -1`) has seen enough: that is no error.
 *
 * @throws {OutputError} when they cannot be written: a full disk, say
 */
export function print(...lines: string[]): void {
  writeOut(lines.map(safeText))
}

/** The same for lines that tell a state, with its colour where colour is welcome. */
export function printColoured(...lines: ColouredLine[]): void {
  const hasColour = takesColour(STDOUT, process.env)
  writeOut(lines.map(line => (hasColour ? painted(line) : line.text)))
}

function writeOut(safeLines: readonly string[]): void {
  const error = write(STDOUT, safeLines)
  if (error !== 0 && error !== EPIPE) throw new OutputError(errorText(error))
}

/** Writes lines to stderr, where nobody can be told if that fails. */
export function notice(...lines: string[]): void {
  write(STDERR, lines.map(safeText))
}

/** Shows a line on the terminal behind stderr in the place of the one before. */
export function noticeInPlace(line: string): void {
  // Back to the first column, and erase to the end of the line; ECMA-48 EL.
  writeAll(STDERR, bytesOf(`\r\x1b[K${safeText(line)}`))
}

function write(fd: number, safeLines: readonly string[]): number {
  return writeAll(fd, bytesOf(safeLines.map(line => `${line}\n`).join('')))
}
