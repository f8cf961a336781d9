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
  const values = Object.entries(options).map(([key, option]) => {
    const text = given.get(key)
    const setting = text === undefined ? settings(key) : { text, source: optionName(key) }
    return [key, resolve(key, option, setting)]
  })
  return Object.fromEntries(values)
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
