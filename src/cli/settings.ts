import { UsageError } from '../core/errors.ts'
import { type Option, type Options, type OptionValues, optionName } from './options.ts'

/** A value that somebody has set, and where. */
export interface Setting {
  readonly text: string
  /** As people know it: `--gpus`, `CANHAZGPU_STORE`. */
  readonly source: string
}

/** Where values come from when the command line gives none: undefined where nobody has set any. */
export type Settings = (key: string) => Setting | undefined

/** `CANHAZGPU_STORE`, and for the option of one command `CANHAZGPU_RUN_TIMEOUT`. */
export function variableName(key: string, command: string | null): string {
  const words = [...(command === null ? [] : [command]), optionName(key).slice(2).replaceAll('-', '_')]
  return ['CANHAZGPU', ...words].join('_').toUpperCase()
}

/** The settings in the environment; an empty variable counts as not set. */
export function environment(
  env: Readonly<Record<string, string | undefined>>,
  command: string | null,
): Settings {
  return key => {
    const source = variableName(key, command)
    const text = env[source]
    return text ? { text, source } : undefined
  }
}

/**
 * The value of every option: from the command line, else from the settings, else its default.
 *
 * @throws {UsageError} for a value that its option does not take, or one that is missing
 */
export function resolveOptions<O extends Options>(
  options: O,
  given: ReadonlyMap<string, string>,
  settings: Settings,
): OptionValues<O> {
  refuseContradictions(options, given)
  const values = Object.entries(options).map(([key, option]) => {
    const text = given.get(key)
    const setting = text === undefined ? undefined : { text, source: optionName(key) }
    // What stands on the command line puts aside what was set for other days and does not go with it.
    const isPutAside = [...given.keys()].some(other => excludeEachOther(options, key, other, given))
    return [key, resolve(key, option, setting ?? (isPutAside ? undefined : settings(key)))]
  })
  return Object.fromEntries(values)
}

function refuseContradictions(options: Options, given: ReadonlyMap<string, string>): void {
  const keys = [...given.keys()]
  for (const [place, key] of keys.entries()) {
    const other = keys.slice(0, place).find(before => excludeEachOther(options, key, before, given))
    if (other === undefined) continue
    const [first, second] = [other, key].map(optionName)
    const why = options[options[key]?.excludes?.includes(other) ? key : other]?.excludesBecause
    throw new UsageError(
      `${first} and ${second} do not go together${why ? `: ${why}` : ''}. Use one of the two`,
    )
  }
}

function excludeEachOther(
  options: Options,
  one: string,
  other: string,
  given: ReadonlyMap<string, string>,
): boolean {
  const isOff = [one, other].some(key => options[key]?.bare !== undefined && given.get(key) === 'false')
  const excludes = (a: string, b: string) => options[a]?.excludes?.includes(b) ?? false
  return !isOff && (excludes(one, other) || excludes(other, one))
}

function resolve(key: string, option: Option<unknown>, setting: Setting | undefined): unknown {
  if (setting === undefined) {
    if (option.fallback === undefined)
      throw new UsageError(`Missing option ${optionName(key)}, for example ${option.example}`)
    return option.fallback
  }
  const value = option.parse(setting.text)
  if (value !== undefined) return value
  throw new UsageError(
    `Invalid value for ${setting.source}: "${setting.text}". Use ${option.expected}, for example ${option.example}`,
  )
}
