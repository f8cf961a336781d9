import { safeText } from './safe-text.ts'

/**
 * A word as it must be typed in any POSIX shell to reach a program unchanged.
 *
 * What must not be sent to a terminal (the line breaks in `python -c '…'`) is spelled for printf, which every shell has;
 * `$'…'` is missing in dash. Line breaks at the very end do not survive that.
 */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  if (safeText(word) === word) return `'${word.replaceAll("'", `'\\''`)}'`
  const format = [...word].map((character, at) => printfCharacter(character, at === 0)).join('')
  return `"$(printf '${format}')"`
}

function printfCharacter(character: string, isFirst: boolean): string {
  if (character === '%') return '%%'
  // A quote would end the format, a first `-` would be an option, and `!` is history to an interactive bash.
  if ("'\\!".includes(character) || (isFirst && character === '-') || safeText(character) !== character)
    return [...Buffer.from(character)].map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join('')
  return character
}
