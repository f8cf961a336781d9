import { shownStoreUrl } from '../../store/open.ts'
import type { Origins } from '../command.ts'
import { allCommands } from '../commands.ts'
import type { Option, Options } from '../options.ts'
import { findSettings, type Ranked, read, type Settings, settingsFor, variableName } from '../settings.ts'
import { commonOptions } from './read-file.ts'
import { standingSettings } from './standing-settings.ts'
import { fileKey, type WrittenValue, writtenValue } from './written-value.ts'

/** What holds for one option. */
export interface Row {
  /** The command whose option it is; null for what is set for all. */
  readonly command: string | null
  /** Its name in a configuration file. */
  readonly key: string
  /** null when it has none. */
  readonly value: WrittenValue | null
  /** A file, a variable or an option of the command line; null where nobody has set it. */
  readonly source: string | null
}

/**
 * What holds, and where each value comes from.
 *
 * @throws {UsageError} for a value that its option does not take
 * @param all every option of every command; else, of those that are no common ones, only what somebody has set
 * @param standing what holds for the settings that have no option
 */
export function configurationRows({ given, layers }: Origins, all: boolean, standing: Settings): Row[] {
  const common = commonOptions()
  const settings = settingsFor(common, null, layers)
  const found = findSettings(common, given, key => (key in standingSettings ? standing(key) : settings(key)))
  return [
    ...Object.entries(common).map(([key, option]) => row(null, key, option, found.get(key))),
    ...allCommands().flatMap(({ name, options }) => {
      const found = findSettings(options, new Map(), settingsFor(options, name, layers))
      return Object.entries(options)
        .filter(([key, { shared }]) => found.get(key)?.isOwn || (all && !shared))
        .map(([key, option]) => row(name, key, option, found.get(key)))
    }),
  ]
}

function row(command: string | null, key: string, option: Option<unknown>, setting: Ranked | undefined): Row {
  const shown = { command, key: fileKey(key) }
  if (!setting) return { ...shown, value: defaultValue(option), source: null }
  read(option, setting)
  // Whoever shows their configuration to others does not want to show a password.
  const text = key === 'store' && setting.text !== null ? shownStoreUrl(setting.text) : setting.text
  const value = text === null ? null : writtenValue(option, text)
  return { ...shown, value, source: setting.file ?? setting.source }
}

function defaultValue(option: Option<unknown>): WrittenValue | null {
  if (option.shownDefault) return writtenValue(option, option.shownDefault)
  return option.placeholder === null ? false : null
}

/** The variables of the environment that look like settings but are none, each with the one that may be meant. */
export function strangeVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(knownVariables())
  return Object.keys(env).filter(name => name.startsWith('CANHAZGPU_') && !known.has(name))
}

/** Every variable that sets something, and those that the program itself sets. */
export function knownVariables(): string[] {
  const namesOf = (options: Options, command: string | null) =>
    Object.keys(options).map(key => variableName(key, command))
  return [
    'CANHAZGPU_RESERVATION',
    variableName('config', null),
    ...namesOf(commonOptions(), null),
    ...allCommands().flatMap(({ name, options }) => namesOf(options, name)),
  ]
}
