import { UsageError } from '../core/errors.ts'
import { withoutExcluded } from './exclusions.ts'
import { nearest } from './nearest.ts'
import { type Option, type Options, type OptionValues, optionName } from './options.ts'
import type { Given } from './parse-options.ts'

/** A value that somebody has set, and where. */
export interface Setting {
  /** null where it is switched off, as if nobody had set it anywhere. */
  readonly text: string | null
  /** As people know it: `--gpus`, `CANHAZGPU_STORE`, `run.timeout in /etc/canhazgpu/config.toml`. */
  readonly source: string
  /** The configuration file that sets it. */
  readonly file?: string
}

/** One place where values are set. @param command whose option it is, null for one that is not of one command */
export type Layer = (key: string, command: string | null) => Setting | undefined

export interface Ranked extends Setting {
  /** The place of its layer among the others: the larger wins. */
  readonly rank: number
  /** Whether it is set for this command alone. */
  readonly isOwn: boolean
}

/** Where values come from when the command line gives none: undefined where nobody has set any. */
export type Settings = (key: string) => Ranked | undefined

/** How much of a wrong value is repeated. */
const MOST_QUOTED = 60

/** `CANHAZGPU_STORE`, and for the option of one command `CANHAZGPU_RUN_TIMEOUT`. */
export function variableName(key: string, command: string | null): string {
  const words = [...(command === null ? [] : [command]), optionName(key).slice(2)]
  return ['CANHAZGPU', ...words].join('_').replaceAll('-', '_').toUpperCase()
}

/** The settings in the environment; an empty variable counts as not set. */
export function environment(env: Readonly<Record<string, string | undefined>>): Layer {
  return (key, command) => {
    const source = variableName(key, command)
    const text = env[source]
    return text ? { text, source } : undefined
  }
}

/**
 * What holds for the options of one command. A later layer wins; in one layer, what is set for this command wins over what
 * is set for all that share the option.
 *
 * @param layers the later ones win
 */
export function settingsFor(options: Options, command: string | null, layers: readonly Layer[]): Settings {
  return key => {
    for (let rank = layers.length - 1; rank >= 0; rank--) {
      const layer = layers[rank]
      const own = layer?.(key, command)
      if (own) return { ...own, rank, isOwn: true }
      const common = options[key]?.shared ? layer?.(key, null) : undefined
      if (common) return { ...common, rank, isOwn: false }
    }
    return undefined
  }
}

/**
 * Who has set each option of a command, if anybody has: the command line, else the settings.
 *
 * @throws {UsageError} when options that do not go together are set in the same place
 */
export function findSettings(options: Options, given: Given, settings: Settings): Map<string, Ranked> {
  const found = new Map<string, Ranked>()
  // Those of the command line first, in the order in which they were typed.
  for (const key of [...given.keys(), ...Object.keys(options)]) {
    if (!Object.hasOwn(options, key) || found.has(key)) continue
    const text = given.get(key)
    const setting =
      text === undefined ? settings(key) : { text, source: optionName(key), rank: Infinity, isOwn: true }
    if (setting) found.set(key, setting)
  }
  return withoutExcluded(options, found)
}

/**
 * The value of every option: from the command line, else from the settings, else its default.
 *
 * @throws {UsageError} for a value that its option does not take, or one that is missing
 */
export function resolveOptions<O extends Options>(
  options: O,
  given: Given,
  settings: Settings,
): OptionValues<O> {
  const found = findSettings(options, given, settings)
  const values = Object.entries(options).map(([key, option]) => [key, resolve(key, option, found.get(key))])
  return Object.fromEntries(values)
}

function resolve(key: string, option: Option<unknown>, setting: Setting | undefined): unknown {
  if (setting) return read(option, setting)
  if (option.fallback !== undefined) return option.fallback
  throw new UsageError(`Missing option ${optionName(key)}, for example ${option.example}`)
}

/** @throws {UsageError} for a value that its option does not take */
export function read<T>(option: Option<T>, { text, source }: Setting): T | undefined {
  if (text === null) return option.fallback
  const value = meaningOf(option, text)
  if (value !== undefined) return value
  throw new UsageError(`Invalid value for ${source}: ${refusal(option, text, option.example)}`)
}

/** What a text means to an option; undefined for nothing. `false` takes the value of an option that needs none. */
export function meaningOf<T>(option: Option<T>, text: string): T | undefined {
  const value = option.parse(text)
  return value === undefined && text === 'false' && option.fallback === null ? option.fallback : value
}

/** A message is one line, whatever somebody has pasted. */
export function shortened(text: string): string {
  return text.length <= MOST_QUOTED ? text : `${text.slice(0, MOST_QUOTED)}…`
}

/** Why a text is no value of an option, and one that is. */
export function refusal({ expected, choices }: Option<unknown>, text: string, example: string): string {
  const meant = nearest(text, choices ?? [])
  const question = meant === null ? '' : `Did you mean ${meant}? `
  return `"${shortened(text)}". ${question}Use ${expected}, for example ${example}`
}
