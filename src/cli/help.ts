import type { Command } from './command.ts'
import { mainCommands, moreCommands } from './commands.ts'
import { globalOptions } from './global-options.ts'
import { type Option, type Options, optionName } from './options.ts'
import { variableName } from './settings.ts'

const WIDTH = 80
const INDENT = ' '.repeat(6)

/** What is asked for instead of doing anything. */
export const INFORMATION = [
  ['-h, --help', 'Show what a command does and takes, with examples'],
  ['--version', 'Show the version'],
] as const

/** The first screen: word for word the specification's, and below it what has come since. */
export function overview(): string[] {
  return [
    'Usage: canhazgpu [OPTIONS] COMMAND [ARGS]...',
    '',
    'Commands:',
    ...summaries(mainCommands()),
    '',
    'More commands:',
    ...summaries(moreCommands()),
    '',
    "See 'canhazgpu COMMAND --help' for the options and examples of a command",
  ]
}

function summaries(commands: readonly Command[]): string[] {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
}

export function commandHelp(command: Command): string[] {
  return [
    `Usage: canhazgpu ${usage(command)}`,
    '',
    command.summary,
    '',
    ...section('Options', command.options, command.name),
    ...section('Options of every command', globalOptions, null).slice(0, -1),
    ...INFORMATION.flatMap(([option, help]) => [`  ${option}`, ...wrapped(help)]),
    '',
    'Examples:',
    ...command.examples.map(example => `  ${example}`),
  ]
}

/** `run [OPTIONS] -- COMMAND [ARGS]...` */
export function usage({ name, takesCommand, operand }: Command): string {
  if (takesCommand) return `${name} [OPTIONS] -- COMMAND [ARGS]...`
  return operand === undefined ? `${name} [OPTIONS]` : `${name} [OPTIONS] ${operand}`
}

function section(title: string, options: Options, command: string | null): string[] {
  if (Object.keys(options).length === 0) return []
  return [
    `${title}:`,
    ...Object.entries(options).flatMap(([key, option]) => {
      const shownDefault = option.shownDefault === undefined ? '' : ` (default: ${option.shownDefault})`
      return [
        `  ${synopsis(key, option)}`,
        ...wrapped(`${option.help}${shownDefault}`),
        ...wrapped(uses(key, option, shownVariable(key, option, command))),
      ]
    }),
    '',
  ]
}

/** How it is written, where that is more than its name, and how it is set elsewhere. */
function uses(key: string, { example }: Option<unknown>, variable: string): string {
  return example === optionName(key) ? `Variable: ${variable}` : `Example: ${example}; variable: ${variable}`
}

/** The variable that sets an option: for all commands that share it, where they do. */
export function shownVariable(key: string, { shared }: Option<unknown>, command: string | null): string {
  return variableName(key, shared ? null : command)
}

/** `-g, --gpus N`, `--wait [DURATION], --no-wait` */
export function synopsis(key: string, { short, placeholder, bare }: Option<unknown>): string {
  const name = optionName(key)
  const value = placeholder === null ? '' : bare === undefined ? ` ${placeholder}` : ` [${placeholder}]`
  const negation = bare !== undefined && placeholder !== null ? `, --no-${name.slice(2)}` : ''
  return `${short === undefined ? '' : `-${short}, `}${name}${value}${negation}`
}

/** A text in lines that fit a terminal, broken at spaces. */
function wrapped(text: string): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = [lines.at(-1), word].filter(Boolean).join(' ')
    if (INDENT.length + line.length <= WIDTH) lines[lines.length - 1] = line
    else lines.push(word)
  }
  return lines.map(line => INDENT + line)
}
