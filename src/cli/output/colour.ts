/**
 * Colour, for the one word of a line that tells the state. It says nothing that the word does not say.
 */

import { isTerminal } from '../../system/libc/terminal-modes.ts'
import { safeText } from './safe-text.ts'

/** Select Graphic Rendition, ECMA-48 SGR: the foreground colours that every terminal has, in the user's own palette. */
const CODES = { red: 31, green: 32, yellow: 33, magenta: 35 }

export type Colour = keyof typeof CODES

/** A line that is safe for a terminal, and which part of it has a colour. */
export interface ColouredLine {
  readonly text: string
  readonly from: number
  readonly to: number
  readonly colour: Colour
}

export function colouredLine(before: string, word: string, after: string, colour: Colour): ColouredLine {
  const from = safeText(before).length
  const to = from + safeText(word).length
  return { text: safeText(before + word + after), from, to, colour }
}

export function plainLine(text: string): ColouredLine {
  return { text: safeText(text), from: 0, to: 0, colour: 'green' }
}

/** A part of a line with its colour, as it goes to a terminal. */
export function painted({ text, from, to, colour }: ColouredLine, start = 0, end = text.length): string {
  const [first, last] = [from, to].map(place => Math.min(Math.max(place, start), end))
  if (first === last) return text.slice(start, end)
  return `${text.slice(start, first)}\x1b[${CODES[colour]}m${text.slice(first, last)}\x1b[m${text.slice(last, end)}`
}

/** Whether colour is welcome behind a descriptor: on a terminal that can, unless the user says no (https://no-color.org). */
export function takesColour(fd: number, env: Readonly<Record<string, string | undefined>>): boolean {
  return !env.NO_COLOR && takesSequences(fd, env)
}

/** Whether a descriptor leads to a terminal that is more than a typewriter. */
export function takesSequences(fd: number, { TERM }: Readonly<Record<string, string | undefined>>): boolean {
  return TERM !== undefined && TERM !== '' && TERM !== 'dumb' && isTerminal(fd)
}
