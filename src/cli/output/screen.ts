import { writeAll } from '../../system/libc/files.ts'
import {
  keyByKey,
  setTerminalModes,
  terminalColumns,
  terminalModes,
  terminalRows,
} from '../../system/libc/terminal-modes.ts'
import { bytesOf } from '../../system/text.ts'
import type { ColouredLine } from './colour.ts'
import { layOut } from './frame.ts'

const [STDIN, STDOUT] = [0, 1]

/** Control sequences of xterm, which all others have taken over: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */
const ALTERNATE_SCREEN = '\x1b[?1049h'
const NORMAL_SCREEN = '\x1b[?1049l'
const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
/** Characters that are two columns wide would else push what follows them into the next row. */
const CUT_ROWS = '\x1b[?7l'
const WRAP_ROWS = '\x1b[?7h'
const HOME = '\x1b[H'
const ERASE_REST_OF_ROW = '\x1b[K'
const ERASE_BELOW = '\x1b[J'
/** Between these two a terminal that knows them shows nothing of what it does; others ignore them. */
const HOLD = '\x1b[?2026h'
const SHOW = '\x1b[?2026l'

/** The whole terminal for ourselves, and keys that come at once. What was on it before is there again after `close`. */
export class Screen {
  private readonly modes = terminalModes(STDIN)
  private isOpen = false

  open(): void {
    this.isOpen = true
    setTerminalModes(STDIN, keyByKey(this.modes))
    write(ALTERNATE_SCREEN + HIDE_CURSOR + CUT_ROWS)
  }

  /** Shows lines in the place of the ones before, in one write: nothing is ever blank in between. */
  draw(lines: readonly ColouredLine[]): void {
    if (!this.isOpen) return
    // One column stays free: in the last one the cursor stands on a character, not behind it.
    const rows = layOut(lines, Math.max(1, terminalColumns(STDOUT) - 1), terminalRows(STDOUT))
    write(HOLD + HOME + rows.map(row => row + ERASE_REST_OF_ROW).join('\r\n') + ERASE_BELOW + SHOW)
  }

  close(): void {
    if (!this.isOpen) return
    this.isOpen = false
    write(WRAP_ROWS + SHOW_CURSOR + NORMAL_SCREEN)
    setTerminalModes(STDIN, this.modes)
  }
}

/** Where a terminal has gone away nobody can be told. */
function write(text: string): void {
  writeAll(STDOUT, bytesOf(text))
}
