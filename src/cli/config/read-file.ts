import { ConfigBrokenError, ConfigKeyError, UsageError } from '../../core/errors.ts'
import { parseToml } from '../../system/toml.ts'
import { allCommands, commandNames, findCommand } from '../commands.ts'
import { globalOptions } from '../global-options.ts'
import { nearest } from '../nearest.ts'
import type { Option, Options } from '../options.ts'
import { requestOptions } from '../request-options.ts'
import { type Layer, meaningOf, refusal, type Setting, shortened } from '../settings.ts'
import { brokenJsonLine, brokenTomlLine } from './broken-line.ts'
import { standingSettings } from './standing-settings.ts'
import { exampleLine, fileKey, textOf, tomlValue, type WrittenValue } from './written-value.ts'

/** What may be set for everything. A file does not name another file. */
export function commonOptions(): Options {
  const { config: _, ...rest } = globalOptions
  return { ...rest, ...requestOptions, ...standingSettings }
}

/**
 * What a configuration file sets. All of it is checked, whatever command is about to run.
 *
 * @throws {UserError} for a file that cannot be understood, an unknown key, a wrong value
 */
export function readConfiguration(path: string, content: Uint8Array): Layer {
  const settings = new Map<string, Setting>()
  for (const [name, value] of Object.entries(parse(path, content))) {
    if (!isTable(value)) set(null, name, value)
    else if (!commandNames.includes(name)) throw unknownSection(path, name)
    else for (const [key, inside] of Object.entries(value)) set(name, key, inside)
  }
  return (key, command) => settings.get(settingName(key, command))

  function set(section: string | null, name: string, value: unknown): void {
    const options = optionsOf(section)
    const key = Object.keys(options).find(key => fileKey(key) === name)
    const option = key === undefined ? undefined : options[key]
    if (key === undefined || !option) throw unknownKey(path, section, name)
    const source = `${section === null ? '' : `${section}.`}${name} in ${path}`
    settings.set(settingName(key, section), {
      text: readValue(path, key, option, value, source),
      source,
      file: path,
    })
  }
}

function settingName(key: string, command: string | null): string {
  return `${command ?? ''} ${key}`
}

/** The options that a section of a file sets; null for what stands above all sections. */
function optionsOf(section: string | null): Options {
  if (section === null) return commonOptions()
  return findCommand(section)?.options ?? {}
}

function readValue(
  path: string,
  key: string,
  option: Option<unknown>,
  value: unknown,
  source: string,
): string | null {
  const text = textOf(option, value)
  if (text === null) return null
  if (text !== undefined && meaningOf(option, text) !== undefined)
    return option.inFileOf?.(directoryOf(path), text) ?? text
  const example = exampleLine(key, option, isJson(path))
  const problem =
    typeof value === 'string'
      ? refusal(option, value, example)
      : `${shortened(tomlValue(value as WrittenValue))}. Use ${option.expected}, for example ${example}`
  throw new UsageError(`Invalid value for ${source}: ${problem}`)
}

/** Absolute: `--config lab.toml` may be relative. */
function directoryOf(path: string): string {
  const absolute = path.startsWith('/') ? path : `${process.cwd()}/${path}`
  return absolute.replace(/\/[^/]*$/, '') || '/'
}

function parse(path: string, content: Uint8Array): Record<string, unknown> {
  const text = decode(path, content)
  const document = isJson(path) ? parseJsonFile(path, text) : parseTomlFile(path, text)
  if (!isTable(document)) throw new ConfigBrokenError(path, 1, 'It must be an object: { "wait": true }')
  return document
}

function decode(path: string, content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    // Latin 1 reads anything, so that the lines can be counted up to where UTF-8 ends.
    const lines = Buffer.from(content).toString('latin1').split('\n')
    const line = lines.findIndex(line => !isUtf8(Buffer.from(line, 'latin1')))
    throw new ConfigBrokenError(path, line + 1, 'It is not UTF-8 text')
  }
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString()).equals(bytes)
}

function parseTomlFile(path: string, text: string): unknown {
  try {
    return parseToml(text)
  } catch (error) {
    const { message } = error as Error
    throw new ConfigBrokenError(
      path,
      brokenTomlLine(text, message),
      message.replace(/^TOML Parse error: /, ''),
    )
  }
}

function parseJsonFile(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const { message } = error as Error
    throw new ConfigBrokenError(path, brokenJsonLine(text), message.replace(/^JSON Parse error: /, ''))
  }
}

export function isJson(path: string): boolean {
  return path.endsWith('.json')
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unknownSection(path: string, name: string): ConfigKeyError {
  const meant = nearest(name, commandNames)
  return new ConfigKeyError(
    path,
    `[${name}]`,
    meant === null ? 'A section is a command' : `Did you mean [${meant}]?`,
  )
}

function unknownKey(path: string, section: string | null, name: string): ConfigKeyError {
  const prefix = section === null ? '' : `${section}.`
  return new ConfigKeyError(path, `${prefix}${name}`, hint(section, name))
}

/** Where a key that is not known here may belong. */
function hint(section: string | null, name: string): string {
  const homes = allCommands().filter(({ options }) => Object.keys(options).some(key => fileKey(key) === name))
  const keys = (options: Options) => Object.keys(options).map(fileKey)
  if (section === null) {
    if (name === 'config') return 'A file cannot name another one'
    if (commandNames.includes(name)) return `It is a section: write [${name}]`
    if (homes[0])
      return `It is an option of one command: put it under ${homes.map(home => `[${home.name}]`).join(' or ')}`
  } else if (keys(commonOptions()).includes(name)) return 'It is for all commands: put it above the sections'
  const meant = nearest(name, keys(optionsOf(section)))
  if (meant !== null) return `Did you mean ${section === null ? '' : `${section}.`}${meant}?`
  return section === null
    ? "See 'canhazgpu config' for all keys"
    : `See 'canhazgpu ${section} --help' for its options`
}
