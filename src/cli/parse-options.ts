import { UsageError } from '../core/errors.ts'
import { nearest } from './nearest.ts'
import { type Option, type Options, optionName } from './options.ts'

export type Given = ReadonlyMap<string, string | null>

/** What was read from a command line up to its first operand or `--`. */
export interface ParsedOptions {
  /**
   * Texts by option key, null where `--no-NAME` takes away a value that was set elsewhere. The last one wins, unless the
   * option is repeatable.
   */
  readonly given: Given
  readonly help: boolean
  readonly version: boolean
  /** How many arguments were read; the next one is an operand, `--`, or not there. */
  readonly length: number
}

/**
 * Reads options: `--name VALUE`, `--name=VALUE`, `-n VALUE`, `-nVALUE`, `--flag`, `--no-flag`, `-h`, `--help`.
 *
 * Own code, because `run` needs to know exactly where the options end, and because `node:util` parseArgs costs 2 ms at every start.
 *
 * @param command whose options they are; null for what stands before a command
 * @throws {UsageError} for an option that is not in the table, or a value too few or too many
 */
export function parseOptions(
  args: readonly string[],
  options: Options,
  command: string | null = null,
): ParsedOptions {
  const names = namesOf(options)
  const given = new Map<string, string | null>()
  let [help, version, at] = [false, false, 0]
  const set = ({ key, option }: Known, text: string) => {
    const before = option.repeatable ? given.get(key) : undefined
    given.set(key, before === undefined ? text : `${before},${text}`)
  }
  for (; at < args.length; at++) {
    const argument = args[at] ?? ''
    if (argument === '--' || argument === '-' || !argument.startsWith('-')) break
    const { name, attached } = split(argument)
    const known = names.get(name)
    if (name === '--help' || name === '-h') help = true
    else if (name === '--version') version = true
    else if (!known) throw unknownOption(name, [...names.keys(), '--help', '--version'], command)
    else if (known.negated || known.option.placeholder === null) {
      if (attached !== null)
        throw new UsageError(`Option ${name} takes no value. Use it as in: ${known.option.example}`)
      given.set(known.key, known.negated ? negation(known.option) : (known.option.bare ?? ''))
    } else if (attached !== null) set(known, attached)
    else {
      const next = args[at + 1]
      const { bare, parse, example } = known.option
      if (bare !== undefined && (next === undefined || parse(next) === undefined)) given.set(known.key, bare)
      else if (next === undefined || next === '--')
        throw new UsageError(`Option ${name} needs a value, for example ${example}`)
      else {
        set(known, next)
        at++
      }
    }
  }
  return { given, help, version, length: at }
}

interface Known {
  readonly key: string
  readonly option: Option<unknown>
  readonly negated: boolean
}

/** Every way to write each option. */
function namesOf(options: Options): Map<string, Known> {
  const names = new Map<string, Known>()
  for (const [key, option] of Object.entries(options)) {
    names.set(optionName(key), { key, option, negated: false })
    if (option.short !== undefined) names.set(`-${option.short}`, { key, option, negated: false })
    if (option.bare !== undefined || option.fallback === null)
      names.set(`--no-${optionName(key).slice(2)}`, { key, option, negated: true })
  }
  return names
}

/** What `--no-NAME` means: false, or no value. */
function negation({ bare }: Option<unknown>): string | null {
  return bare === undefined ? null : 'false'
}

/** `--name=value` and `-nvalue` as name and value. */
function split(argument: string): { name: string; attached: string | null } {
  if (!argument.startsWith('--')) {
    return { name: argument.slice(0, 2), attached: argument.length > 2 ? argument.slice(2) : null }
  }
  const equals = argument.indexOf('=')
  return equals < 0
    ? { name: argument, attached: null }
    : { name: argument.slice(0, equals), attached: argument.slice(equals + 1) }
}

function unknownOption(name: string, known: readonly string[], command: string | null): UsageError {
  const suggestion = nearest(name, known)
  const place =
    command === null
      ? "The options of a command stand behind its name; see 'canhazgpu --help'"
      : `See 'canhazgpu ${command} --help' for its options`
  return new UsageError(`Unknown option: ${name}. ${suggestion ? `Did you mean ${suggestion}?` : place}`)
}
