import { parseToml } from '../../system/toml.ts'

/**
 * The line on which a broken TOML text stops making sense, from 1. The parser does not tell, so it is asked about the
 * beginnings of the text: the line is behind the longest that it understands, and it is the first that breaks the same way.
 *
 * @param message what the parser says about the whole text
 */
export function brokenTomlLine(text: string, message: string): number {
  const ends = [...text.matchAll(/\n|$/g)].map(({ index }) => index + 1)
  const problems = ends.map(end => problemOf(text.slice(0, end)))
  const understood = problems.lastIndexOf(null)
  return problems.indexOf(message, understood + 1) + 1 || ends.length
}

function problemOf(text: string): string | null {
  try {
    parseToml(text)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

const SPACE = /[ \t\r\n]*/y
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y
const SCALAR = new RegExp(
  `${STRING.source}|${/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/.source}`,
  'y',
)

/** The line on which a broken JSON text stops making sense, from 1. */
export function brokenJsonLine(text: string): number {
  let at = 0
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    at += match?.[0].length ?? 0
    return match !== null
  }
  const scalar = (pattern: RegExp): boolean => {
    skip(SPACE)
    return skip(pattern)
  }
  const take = (character: string): boolean => {
    skip(SPACE)
    if (text[at] !== character) return false
    at++
    return true
  }
  const members = (end: string, member: () => boolean): boolean => {
    if (take(end)) return true
    do if (!member()) return false
    while (take(','))
    return take(end)
  }
  const value = (): boolean => {
    if (take('[')) return members(']', value)
    if (take('{')) return members('}', () => scalar(STRING) && take(':') && value())
    return scalar(SCALAR)
  }
  value()
  skip(SPACE)
  return text.slice(0, at).split('\n').length
}
