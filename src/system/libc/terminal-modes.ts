/** The terminal behind a descriptor: its size, and how it treats keys. */

import { bound } from './library.ts'

const c = bound({
  ioctl: { args: ['i32', 'u64', 'ptr'], returns: 'i32' },
  isatty: { args: ['i32'], returns: 'i32' },
  tcgetattr: { args: ['i32', 'ptr'], returns: 'i32' },
  tcsetattr: { args: ['i32', 'i32', 'ptr'], returns: 'i32' },
})

const TIOCGWINSZ = 0x5413
const TCSADRAIN = 1
const IXON = 0o2000
const ICANON = 0o2
const ECHO = 0o10
const VTIME = 5
const VMIN = 6

export function isTerminal(fd: number): boolean {
  return c().isatty(fd) === 1
}

/** How wide the terminal behind a descriptor is; 80 where it does not tell. */
export function terminalColumns(fd: number): number {
  return terminalSize(fd)[1] || 80
}

/** How high the terminal behind a descriptor is; 24 where it does not tell. */
export function terminalRows(fd: number): number {
  return terminalSize(fd)[0] || 24
}

function terminalSize(fd: number): [rows: number, columns: number] {
  // struct winsize: rows, columns, and two more.
  const size = new Uint16Array(4)
  const [rows = 0, columns = 0] = c().ioctl(fd, TIOCGWINSZ, size) === 0 ? size : []
  return [rows, columns]
}

/** The modes of the terminal behind a descriptor, to be changed and to be put back: struct termios. */
export function terminalModes(fd: number): Uint8Array {
  const modes = new Uint8Array(60)
  c().tcgetattr(fd, modes)
  return modes
}

export function setTerminalModes(fd: number, modes: Uint8Array): void {
  c().tcsetattr(fd, TCSADRAIN, modes)
}

/** Modes in which each key comes at once and is not shown, and Ctrl-S does not stop the output. Ctrl-C and Ctrl-Z stay signals. */
export function keyByKey(modes: Uint8Array): Uint8Array {
  const changed = modes.slice()
  // c_iflag, c_oflag, c_cflag, c_lflag; behind them c_line, and then the control characters.
  const flags = new Uint32Array(changed.buffer, 0, 4)
  flags[0] = (flags[0] ?? 0) & ~IXON
  flags[3] = (flags[3] ?? 0) & ~(ICANON | ECHO)
  changed[17 + VTIME] = 0
  changed[17 + VMIN] = 1
  return changed
}
