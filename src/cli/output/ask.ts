import { readLine, writeAll } from '../../system/libc/files.ts'
import { isTerminal } from '../../system/libc/terminal-modes.ts'
import { bytesOf } from '../../system/text.ts'

const [STDIN, STDERR] = [0, 2]

/** Asks the person at the terminal. @returns null where there is none */
export function ask(question: string): boolean | null {
  if (!isTerminal(STDIN) || !isTerminal(STDERR)) return null
  writeAll(STDERR, bytesOf(`${question} [y/N] `))
  return /^y(es)?$/i.test(readLine(STDIN)?.trim() ?? '')
}
