import { isTerminal, terminalColumns } from '../../system/libc/terminal-modes.ts'
import type { Context } from '../command.ts'
import { noticeInPlace } from './print.ts'

const STDERR = 2

/** One line on stderr that is kept up to date: in place on a terminal, else a line for each change. */
export class Progress {
  private shown = ''

  constructor(private readonly context: Context) {}

  show(line: string): void {
    if (line === this.shown) return
    this.shown = line
    if (!isTerminal(STDERR)) this.context.notice(line)
    // One column stays free: some terminals wrap a line that fills the last one.
    else noticeInPlace(line.slice(0, Math.max(1, terminalColumns(STDERR) - 1)))
  }

  /** Takes the line off the terminal again. */
  clear(): void {
    if (this.shown !== '' && isTerminal(STDERR)) noticeInPlace('')
  }
}
