import { parseDuration } from '../core/duration.ts'
import { isHostName } from '../core/fleet.ts'
import { safeText } from './output/safe-text.ts'

/** The forms that a value has in a configuration file. */
export type Written = 'text' | 'number' | 'boolean' | 'list'

/** One option of a command line. Its name is its key in the table of options: `memoryThreshold` is `--memory-threshold`. */
export interface Option<T> {
  /** What stands for the value in help: `N`; null for a flag, which takes none. */
  readonly placeholder: string | null
  /** One letter: `g` for `-g`. */
  readonly short?: string
  /** What it means without a value, as a text; where this is missing, it needs one. `--no-NAME` means `false` then. */
  readonly bare?: string
  /** Whether one value can be set for all commands that take it. */
  readonly shared?: boolean
  /** Whether it decides for everybody on the host. */
  readonly hostWide?: boolean
  /** All that it can be, where that is a few words. */
  readonly choices?: readonly string[]
  /** What a shell completes its value from, where that is not `choices`. */
  readonly completes?: 'files' | 'gpus'
  /** How it is written in a configuration file; text, where this is missing. */
  readonly written?: readonly Written[]
  /** What a text means that stands in a configuration file of this directory; itself, where this is missing. */
  readonly inFileOf?: (directory: string, text: string) => string
  /** The key of the option that it replaces: of the two, the one from the later source holds. */
  readonly insteadOf?: string
  readonly help: string
  /** A use that works: `--gpus 2`. */
  readonly example: string
  /** What a value must be, for people: `a whole number from 1 to 1024`. */
  readonly expected: string
  /** @returns undefined when the text is no such value */
  readonly parse: (text: string) => T | undefined
  /** The value when nobody gives one; undefined when it must be given. */
  readonly fallback: T | undefined
  /** Whether it may be given several times; the texts are put together with commas. */
  readonly repeatable?: boolean
  /** Keys of options that make no sense beside this one. */
  readonly excludes?: readonly string[]
  /** Why not, for people: `the reservation ends with the shell`. */
  readonly excludesBecause?: string
  /** Shown in help as the default. */
  readonly shownDefault?: string
}

// biome-ignore lint/suspicious/noExplicitAny: a table holds options of any value type; OptionValues gives each its own back
export type Options = Readonly<Record<string, Option<any>>>

export type OptionValues<O extends Options> = { [K in keyof O]: O[K] extends Option<infer T> ? T : never }

type Details<T> = Pick<Option<T>, 'help' | 'example'> &
  Partial<
    Pick<
      Option<T>,
      | 'short'
      | 'shownDefault'
      | 'insteadOf'
      | 'inFileOf'
      | 'completes'
      | 'hostWide'
      | 'excludes'
      | 'excludesBecause'
    >
  >

export function flag(details: Omit<Details<boolean>, 'shownDefault'>): Option<boolean> {
  return {
    ...details,
    placeholder: null,
    bare: 'true',
    written: ['boolean'],
    expected: 'true or false',
    parse: text => (text === 'true' ? true : text === 'false' ? false : undefined),
    fallback: false,
  }
}

/** A whole number in plain digits: what somebody may have meant by `1e3` or `0x10` is not guessed. */
export function wholeNumber(
  details: Details<number> & { placeholder: string; least?: number; most: number; fallback?: number },
): Option<number> {
  const { least = 1, most, fallback } = details
  return {
    ...details,
    written: ['number'],
    expected: `a whole number from ${least} to ${most}`,
    parse: text => {
      const value = /^(0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN
      return value >= least && value <= most ? value : undefined
    },
    fallback,
    ...(fallback === undefined ? {} : { shownDefault: String(fallback) }),
  }
}

/** A whole number that may be missing: null. */
export function optionalWholeNumber(
  details: Details<number> & { placeholder: string; most: number },
): Option<number | null> {
  return { ...wholeNumber(details), fallback: null }
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

/** A length of time that may be missing: null. */
export function optionalDuration(
  details: Details<number> & { leastMs: number; mostMs: number; bounds: string },
): Option<number | null> {
  const { shownDefault: _, ...option } = duration({ ...details, fallback: 0, shownDefault: '' })
  return { ...option, ...(details.shownDefault && { shownDefault: details.shownDefault }), fallback: null }
}

/** One line that is shown to others, and may be missing: null. */
export function optionalLabel(
  details: Details<string> & { placeholder: string; mostLength: number },
): Option<string | null> {
  const { mostLength, ...option } = details
  return {
    ...option,
    expected: `one line of at most ${mostLength} characters, without control characters`,
    parse: value => {
      const label = value.trim()
      return label !== '' && [...label].length <= mostLength && safeText(label) === label ? label : undefined
    },
    fallback: null,
  }
}

/** Text that may be missing: null. */
export function optionalText(details: Details<string> & { placeholder: string }): Option<string | null> {
  return { ...details, expected: 'some text', parse: value => value || undefined, fallback: null }
}

/** The name of a host, which may be missing: null. */
export function hostName(details: Details<string>): Option<string | null> {
  return {
    ...details,
    placeholder: 'NAME',
    expected: 'lower-case letters, digits, "-" and "."',
    parse: text => (isHostName(text) ? text : undefined),
    fallback: null,
  }
}

/** Process ids with commas between them; the option may be repeated, too. */
export function pids(details: Details<number[]>): Option<number[] | null> {
  return {
    ...details,
    placeholder: 'PIDS',
    written: ['text', 'number', 'list'],
    repeatable: true,
    expected: 'process IDs with commas',
    parse: text => {
      const words = text.split(',').map(word => word.trim())
      return words.every(word => /^[1-9]\d{0,9}$/.test(word)) ? words.map(Number) : undefined
    },
    fallback: null,
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

/** One of some words. */
export function choice<T extends string, F extends T | null = never>(
  details: Details<T> & { placeholder: string; choices: readonly T[]; fallback?: F },
): Option<T | F> {
  const { choices, fallback } = details
  return {
    ...details,
    expected: choices.join(', '),
    parse: value => choices.find(known => known === value),
    fallback,
    ...(fallback ? { shownDefault: fallback } : {}),
  }
}

/** `memoryThreshold` → `--memory-threshold` */
export function optionName(key: string): string {
  return `--${key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`
}
