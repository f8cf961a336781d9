import type { Command } from './command.ts'
import { globalOptions } from './global-options.ts'
import { type Options, optionName } from './options.ts'

const WIDTH = 80
const INDENT = ' '.repeat(6)

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
        ...wrapped(`${option.help}${shownDefault}`),
        ...wrapped(`Example: ${option.example}${variable}`),
      ]
    }),
    '',
  ]
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
