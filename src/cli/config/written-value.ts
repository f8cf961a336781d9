import { type Option, optionName } from '../options.ts'

/** A value as a configuration file holds it. */
export type WrittenValue = string | number | boolean | readonly (string | number)[]

/** The name of an option in a configuration file: `memory-threshold`. */
export function fileKey(key: string): string {
  return optionName(key).slice(2)
}

/**
 * The text that an option reads, from what a file says.
 *
 * @returns null where the option is switched off, undefined where its value is not written like this
 */
export function textOf(
  { written = ['text'], fallback }: Option<unknown>,
  value: unknown,
): string | null | undefined {
  if (typeof value === 'string' && written.includes('text')) return value
  if (typeof value === 'number' && written.includes('number')) return String(value)
  if (typeof value === 'boolean' && written.includes('boolean')) return String(value)
  if (Array.isArray(value) && written.includes('list')) return listText(value)
  if ((value === false || value === null) && fallback === null) return null
  return undefined
}

function listText(value: readonly unknown[]): string | undefined {
  return value.every(item => typeof item === 'string' || typeof item === 'number')
    ? value.join(',')
    : undefined
}

/** The way back: how a text that an option takes is written in a file. */
export function writtenValue({ written = ['text'] }: Option<unknown>, text: string): WrittenValue {
  if (written.includes('number') && /^\d+$/.test(text)) return Number(text)
  if (written.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

/** A value in TOML, harmless for a terminal: what would be escaped there is escaped here, as TOML does it. */
export function tomlValue(value: WrittenValue): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A line for a file that works: `timeout = "2h"`. */
export function exampleLine(key: string, option: Option<unknown>, isJson: boolean): string {
  const [, text] = new RegExp(`(?:${optionName(key)} |=)"?([^ "]+)`).exec(option.example) ?? []
  const value = tomlValue(writtenValue(option, option.placeholder === null || !text ? 'true' : text))
  return isJson ? `"${fileKey(key)}": ${value}` : `${fileKey(key)} = ${value}`
}
