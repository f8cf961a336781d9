import { UsageError } from '../core/errors.ts'
import type { Command, Context, Origins } from './command.ts'
import { commandNames, findCommand } from './commands.ts'
import { configFiles } from './config/layers.ts'
import { createContext } from './context.ts'
import { globalOptions } from './global-options.ts'
import { nearest } from './nearest.ts'
import type { OptionValues } from './options.ts'
import { shellWord } from './output/shell-word.ts'
import { type Given, type ParsedOptions, parseOptions } from './parse-options.ts'
import { environment, resolveOptions, settingsFor } from './settings.ts'

/** What a command line asks for. */
export type Asked =
  | { readonly kind: 'overview' }
  | { readonly kind: 'version' }
  | { readonly kind: 'help'; readonly command: Command }
  | {
      readonly kind: 'command'
      readonly command: Command
      readonly options: OptionValues<Command['options']>
      readonly context: Context
    }

/**
 * Reads a command line: `[OPTIONS] COMMAND [OPTIONS] [-- COMMAND [ARGS]...]`.
 *
 * @throws {UsageError} with the way to say it right
 */
export function readCommandLine(args: readonly string[]): Asked {
  const before = parseOptions(args, globalOptions)
  if (before.version) return { kind: 'version' }
  if (before.help) return { kind: 'overview' }
  const name = args[before.length]
  if (name === undefined || name === '--') {
    throw new UsageError("No command given. See 'canhazgpu --help' for the commands")
  }
  const command = findCommand(name)
  if (!command) throw unknownCommand(name)

  const rest = args.slice(before.length + 1)
  const after = parseBehind(command, rest)
  if (after.version) return { kind: 'version' }
  if (after.help) return { kind: 'help', command }
  const operands = readOperands(command, args, before.length + 1 + after.length)
  const given = new Map([...before.given, ...after.given])
  const origins = findOrigins(given, process.env)
  return {
    kind: 'command',
    command,
    options: resolveOptions(
      command.options,
      given,
      settingsFor(command.options, command.name, origins.layers),
    ),
    context: createContext(origins, operands),
  }
}

/** Where all values come from, for a command line. @throws {UserError} when a configuration file cannot be used */
export function findOrigins(given: Given, env: Readonly<Record<string, string | undefined>>): Origins {
  const variables = environment(env)
  const text = given.get('config')
  const named = text === undefined ? variables('config', null) : { text, source: '--config' }
  const files = configFiles(named, env)
  return { given, files, layers: [...files.map(file => file.layer), variables] }
}

/** The options behind a command, one of which may stand there without its name: `completion bash`. */
function parseBehind(command: Command, args: readonly string[]): ParsedOptions {
  const options = { ...globalOptions, ...command.options }
  const first = parseOptions(args, options)
  const operand = Object.keys(command.options).find(key => command.options[key]?.operand)
  const word = args[first.length]
  if (operand === undefined || word === undefined || word === '--' || first.given.has(operand)) return first
  const second = parseOptions(args.slice(first.length + 1), options)
  return {
    given: new Map([...first.given, [operand, word], ...second.given]),
    help: first.help || second.help,
    version: first.version || second.version,
    length: first.length + 1 + second.length,
  }
}

/** What stands behind `--`. @param end where the options end */
function readOperands(command: Command, args: readonly string[], end: number): string[] | null {
  const first = args[end]
  if (!command.takesCommand) {
    const extra = first === '--' ? args[end + 1] : first
    if (extra === undefined) return null
    throw new UsageError(
      `Unexpected argument: ${extra}. '${command.name}' takes options only; see 'canhazgpu ${command.name} --help'`,
    )
  }
  const operands = args.slice(end + 1)
  if (first === '--' && operands.length > 0) return operands
  if (first === undefined || first === '--')
    throw new UsageError(`No command to run. Put it behind '--', for example: ${command.examples[0]}`)
  const corrected = ['canhazgpu', ...args.slice(0, end), '--', ...args.slice(end)]
  throw new UsageError(`Missing '--' before the command. Use: ${corrected.map(shellWord).join(' ')}`)
}

function unknownCommand(name: string): UsageError {
  const suggestion = nearest(name, commandNames)
  return new UsageError(
    `Unknown command: ${name}. ${suggestion ? `Did you mean ${suggestion}?` : `Use one of ${commandNames.join(', ')}`}`,
  )
}
