import type { Row } from './rows.ts'
import { tomlValue } from './written-value.ts'

/** Where the sources begin, where the values leave room for it. */
const SOURCE_COLUMN = 44

/** What holds as a configuration file that would set just that, with the source of each value as a comment. */
export function tomlLines(rows: readonly Row[]): string[] {
  const commands = [...new Set(rows.map(({ command }) => command))]
  return commands.flatMap(command => [
    ...(command === null ? [] : ['', `[${command}]`]),
    ...rows.filter(row => row.command === command).map(tomlLine),
  ])
}

function tomlLine({ key, value, source }: Row): string {
  if (value === null && source === null) return `# ${key} is not set`
  const setting = `${key} = ${tomlValue(value ?? false)}`
  return `${setting.padEnd(SOURCE_COLUMN)}  # ${source ?? 'default'}`
}
