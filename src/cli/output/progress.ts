import { terminalColumns } from '../../system/libc/terminal-modes.ts'
import type { Context } from '../command.ts'
import { takesSequences } from './colour.ts'
import { columnsOf, cut } from './columns.ts'
import { noticeInPlace } from './print.ts'
import { safeText } from './safe-text.ts'

const STDERR = 2

/** One line on stderr that is kept up to date: in place on a terminal that can, else a line for each change. */
export class Progress {
  private shown = ''
  private readonly isInPlace = takesSequences(STDERR, process.env)

  constructor(private readonly context: Context) {}

  /** @param shorter what is shown where a terminal has no room for the line */
  show(line: string, shorter = line): void {
    if (line === this.shown) return
    this.shown = line
    if (!this.isInPlace) {
      this.context.notice(line)
      return
    }
    // One column stays free: some terminals wrap a line that fills the last one.
    const columns = Math.max(1, terminalColumns(STDERR) - 1)
    const fitting = [line, shorter].map(safeText).find(text => columnsOf(text) <= columns)
    noticeInPlace(fitting ?? cut(safeText(shorter), columns, '~'))
  }

  /** Takes the line off the terminal again. */
  clear(): void {
    if (this.shown !== '' && this.isInPlace) noticeInPlace('')
  }
}
