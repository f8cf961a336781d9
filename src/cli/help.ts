import type { Command } from './command.ts'
import { globalOptions } from './global-options.ts'
import { type Options, optionName } from './options.ts'

/** The first screen, word for word the specification's. */
export function overview(commands: readonly Command[]): string[] {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    'Usage: canhazgpu [OPTIONS] COMMAND [ARGS]...',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
  ]
}

export function commandHelp(command: Command): string[] {
  const operands = command.takesCommand ? ' -- COMMAND [ARGS]...' : ''
  return [
    `Usage: canhazgpu ${command.name} [OPTIONS]${operands}`,
    '',
    command.summary,
    '',
    ...section('Options', command.options),
    ...section('Options of every command', globalOptions),
    'Examples:',
    ...command.examples.map(example => `  ${example}`),
  ]
}

function section(title: string, options: Options): string[] {
  if (Object.keys(options).length === 0) return []
  return [
    `${title}:`,
    ...Object.entries(options).flatMap(([key, option]) => {
      const value = option.placeholder === null ? '' : ` ${option.placeholder}`
      const shownDefault = option.shownDefault === undefined ? '' : ` (default: ${option.shownDefault})`
      const variable = option.variable === undefined ? '' : `, or ${option.variable}`
      return [
        `  ${optionName(key)}${value}`,
        `      ${option.help}${shownDefault}`,
        `      Example: ${option.example}${variable}`,
      ]
    }),
    '',
  ]
}
