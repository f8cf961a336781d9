import { parseDuration } from '../core/duration.ts'
import { UsageError } from '../core/errors.ts'
import { nearest } from './nearest.ts'

/** One option of a command line. Its name is its key in the table of options: `memoryThreshold` is `--memory-threshold`. */
export interface Option<T> {
  /** What stands for the value in help: `N`; null for a flag, which takes none. */
  readonly placeholder: string | null
  readonly help: string
  /** A use that works: `--gpus 2`. */
  readonly example: string
  /** What a value must be, for people: `a whole number of at least 1`. */
  readonly expected: string
  /** @returns undefined when the text is no such value */
  readonly parse: (text: string) => T | undefined
  /** The value when nobody gives one; undefined when it must be given. */
  readonly fallback: T | undefined
  /** Shown in help as the default. */
  readonly shownDefault?: string
  /** The environment variable that gives the value when the command line does not. */
  readonly variable?: string
}

// biome-ignore lint/suspicious/noExplicitAny: a table holds options of any value type; OptionValues gives each its own back
export type Options = Readonly<Record<string, Option<any>>>

export type OptionValues<O extends Options> = { [K in keyof O]: O[K] extends Option<infer T> ? T : never }

type Details<T> = Pick<Option<T>, 'help' | 'example'> & Partial<Pick<Option<T>, 'shownDefault' | 'variable'>>

export function flag(details: Pick<Details<boolean>, 'help' | 'example'>): Option<boolean> {
  return { ...details, placeholder: null, expected: 'no value', parse: () => undefined, fallback: false }
}

/** A positive whole number in plain digits: what somebody may have meant by `1e3` or `0x10` is not guessed. */
export function positiveInteger(
  details: Details<number> & { placeholder: string; fallback?: number; least?: number },
): Option<number> {
  const { fallback, least = 1 } = details
  return {
    ...details,
    expected: `a whole number of at least ${least}`,
    parse: text => {
      const value = /^(0|[1-9]\d{0,8})$/.test(text) ? Number(text) : -1
      return value >= least ? value : undefined
    },
    fallback,
    ...(fallback === undefined ? {} : { shownDefault: String(fallback) }),
  }
}

/** A length of time in milliseconds, between two bounds. */
export function duration(
  details: Details<number> & {
    fallback: number
    shownDefault: string
    leastMs: number
    mostMs: number
    bounds: string
  },
): Option<number> {
  const { leastMs, mostMs, bounds } = details
  return {
    ...details,
    placeholder: 'DURATION',
    expected: `a duration ${bounds}`,
    parse: text => {
      const ms = parseDuration(text)
      return ms !== null && ms >= leastMs && ms <= mostMs ? ms : undefined
    },
  }
}

export function text(details: Details<string> & { placeholder: string; fallback: string }): Option<string> {
  return {
    ...details,
    expected: 'some text',
    parse: value => value || undefined,
    shownDefault: details.fallback,
  }
}

export function choice<T extends string>(
  details: Details<T> & { placeholder: string; choices: readonly T[] },
): Option<T | null> {
  return {
    ...details,
    expected: details.choices.join(', '),
    parse: value => details.choices.find(known => known === value),
    fallback: null,
  }
}

/** `memoryThreshold` → `--memory-threshold` */
export function optionName(key: string): string {
  return `--${key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}

/** What was read from a command line up to its first operand or `--`. */
export interface ParsedOptions {
  /** Texts by option key; true for a flag. The last one wins. */
  readonly given: ReadonlyMap<string, string | true>
  readonly help: boolean
  readonly version: boolean
  /** How many arguments were read; the next one is an operand, `--`, or not there. */
  readonly length: number
}

/**
 * Reads options: `--name VALUE`, `--name=VALUE`, `--flag`, `-h`, `--help`.
 *
 * Own code, because `run` needs to know exactly where the options end, and because `node:util` parseArgs costs 2 ms at every start.
 *
 * @throws {UsageError} for an option that is not in the table, or a value too few or too many
 */
export function parseOptions(args: readonly string[], options: Options): ParsedOptions {
  const keys = new Map(Object.keys(options).map(key => [optionName(key), key]))
  const given = new Map<string, string | true>()
  let [help, version, at] = [false, false, 0]
  for (; at < args.length; at++) {
    const argument = args[at] ?? ''
    if (argument === '--' || argument === '-' || !argument.startsWith('-')) break
    const equals = argument.startsWith('--') ? argument.indexOf('=') : -1
    const name = equals < 0 ? argument : argument.slice(0, equals)
    const key = keys.get(name)
    const option = key === undefined ? undefined : options[key]
    if (name === '--help' || name === '-h') help = true
    else if (name === '--version') version = true
    else if (key === undefined || !option) throw unknownOption(name, [...keys.keys(), '--help', '--version'])
    else if (option.placeholder === null) {
      if (equals >= 0) throw new UsageError(`Option ${name} takes no value. Use it as in: ${option.example}`)
      given.set(key, true)
    } else if (equals >= 0) given.set(key, argument.slice(equals + 1))
    else {
      at++
      const value = args[at]
      if (value === undefined || value === '--')
        throw new UsageError(`Option ${name} needs a value, for example ${option.example}`)
      given.set(key, value)
    }
  }
  return { given, help, version, length: at }
}

function unknownOption(name: string, known: readonly string[]): UsageError {
  const suggestion = nearest(name, known)
  return new UsageError(
    `Unknown option: ${name}. ${suggestion ? `Did you mean ${suggestion}?` : "See '--help' for the options"}`,
  )
}

/**
 * The value of every option: from the command line, else from its environment variable (an empty one counts as not set),
 * else its default.
 *
 * @throws {UsageError} for a value that its option does not take, or one that is missing
 */
export function resolveOptions<O extends Options>(
  options: O,
  given: ReadonlyMap<string, string | true>,
  env: Readonly<Record<string, string | undefined>>,
): OptionValues<O> {
  const values = Object.entries(options).map(([key, option]) => [
    key,
    resolve(key, option, given.get(key), env),
  ])
  return Object.fromEntries(values)
}

function resolve(
  key: string,
  option: Option<unknown>,
  given: string | true | undefined,
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  if (given === true) return true
  const fromVariable = option.variable && env[option.variable] ? option.variable : null
  const text = given ?? (fromVariable ? env[fromVariable] : undefined)
  if (text === undefined) {
    if (option.fallback === undefined)
      throw new UsageError(`Missing option ${optionName(key)}, for example ${option.example}`)
    return option.fallback
  }
  const value = option.parse(text)
  if (value !== undefined) return value
  const source = given === undefined ? fromVariable : optionName(key)
  throw new UsageError(
    `Invalid value for ${source}: "${text}". Use ${option.expected}, for example ${option.example}`,
  )
}
