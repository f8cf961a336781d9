import { UsageError } from '../core/errors.ts'
import type { Command, Context, Origins } from './command.ts'
import { commandNames, findCommand } from './commands.ts'
import { configFiles } from './config/layers.ts'
import { createContext } from './context.ts'
import { globalOptions } from './global-options.ts'
import { nearest } from './nearest.ts'
import { type OptionValues, optionName } from './options.ts'
import { shellWord } from './output/shell-word.ts'
import { type Given, parseOptions } from './parse-options.ts'
import { environment, refusal, resolveOptions, settingsFor } from './settings.ts'

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
export function readCommandLine(args: readonly string[], supervisorFd: number | null = null): Asked {
  const before = parseOptions(args, globalOptions)
  if (before.version) return { kind: 'version' }
  if (before.help) return { kind: 'overview' }
  const name = args[before.length]
  if (name === undefined || name === '--') {
    throw new UsageError("No command given. See 'canhazgpu --help' for the commands")
  }
  const command = findCommand(name)
  if (!command) throw unknownCommand(name)

  const known = { ...globalOptions, ...command.options }
  const after = parseOptions(args.slice(before.length + 1), known, name)
  const end = before.length + 1 + after.length
  const operand = command.operand !== undefined && args[end] !== '--' ? args[end] : undefined
  // The options of a command with an operand may stand on either side of it.
  const last = parseOptions(operand === undefined ? [] : args.slice(end + 1), known, name)
  if (after.version || last.version) return { kind: 'version' }
  if (after.help || last.help) return { kind: 'help', command }
  const operands =
    operand === undefined
      ? readOperands(command, args, end)
      : [operand, ...(readOperands(command, args, end + 1 + last.length) ?? [])]
  const given = new Map([...before.given, ...after.given, ...last.given])
  const origins = findOrigins(given, process.env)
  return {
    kind: 'command',
    command,
    options: resolveOptions(
      command.options,
      given,
      settingsFor(command.options, command.name, origins.layers),
    ),
    context: createContext(origins, { operands, supervisorFd }),
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

/** What stands behind `--`. @param end where the options end */
function readOperands(command: Command, args: readonly string[], end: number): string[] | null {
  const first = args[end]
  checkMeantValue(command, args, end)
  if (!command.takesCommand) {
    const extra = first === '--' ? args[end + 1] : first
    if (extra === undefined) return null
    const takes = command.operand === undefined ? 'options only' : `options and ${command.operand}`
    throw new UsageError(
      `Unexpected argument: ${extra}. '${command.name}' takes ${takes}; see 'canhazgpu ${command.name} --help'`,
    )
  }
  const operands = args.slice(end + 1)
  if (first === '--' && operands.length > 0) return operands
  if (first === undefined || first === '--')
    throw new UsageError(`No command to run. Put it behind '--', for example: ${command.examples[0]}`)
  const corrected = ['canhazgpu', ...args.slice(0, end), '--', ...args.slice(end)]
  throw new UsageError(`Missing '--' before the command. Use: ${corrected.map(shellWord).join(' ')}`)
}

/** A word behind an option whose value may be missing, `--wait soon`: a value that is none, unless a command may begin there. */
function checkMeantValue({ options, takesCommand }: Command, args: readonly string[], end: number): void {
  const [before, word] = [args[end - 1], args[end]]
  if (word === undefined || word === '--' || (takesCommand && !args.includes('--', end))) return
  const [key, option] = Object.entries(options).find(([key]) => optionName(key) === before) ?? []
  if (key === undefined || option?.bare === undefined || option.placeholder === null) return
  throw new UsageError(`Invalid value for ${before}: ${refusal(option, word, option.example)}`)
}

function unknownCommand(name: string): UsageError {
  const option = ['--help', '--version'].find(option => option === `--${name}`)
  const suggestion = option ?? nearest(name, commandNames)
  return new UsageError(
    `Unknown command: ${name}. ${suggestion ? `Did you mean ${suggestion}?` : `Use one of ${commandNames.join(', ')}`}`,
  )
}
