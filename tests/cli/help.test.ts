import { describe, expect, test } from 'bun:test'
import { version } from '../../package.json'
import { allCommands, moreCommands } from '../../src/cli/commands.ts'
import { globalOptions } from '../../src/cli/global-options.ts'
import { commandHelp, overview } from '../../src/cli/help.ts'
import { type Option, optionName } from '../../src/cli/options.ts'
import { variableName } from '../../src/cli/settings.ts'
import { canhazgpu } from '../helpers/executable.ts'

const WIDTH = 80

test('the first screen begins with the specification’s, word for word, and lists every other command behind it', async () => {
  const screen = `Usage: canhazgpu [OPTIONS] COMMAND [ARGS]...

Commands:
  admin    Initialize GPU pool for this machine
  release  Release all manually reserved GPUs held by the current user
  reserve  Reserve GPUs manually for a specified duration
  run      Reserve GPUs and run a command with CUDA_VISIBLE_DEVICES set
  status   Show current GPU allocation status
`
  const text = `${overview().join('\n')}\n`
  expect(text).toStartWith(screen)
  for (const { name, summary } of moreCommands()) {
    const line = new RegExp(`^  ${name} +${summary}$`, 'm')
    expect(text.slice(screen.length)).toMatch(line)
  }
  expect(text).toEndWith("\n\nSee 'canhazgpu COMMAND --help' for the options and examples of a command\n")
  for (const option of ['--help', '-h']) {
    expect(await canhazgpu([option])).toEqual({ status: 0, signal: null, stdout: text, stderr: '' })
  }
})

describe.each(allCommands().map(command => [command.name, command] as const))(
  'the help of %s',
  (name, command) => {
    const help = commandHelp(command)

    test('says how to call it, and what it does', () => {
      expect(help[0]).toBe(
        `Usage: canhazgpu ${name} [OPTIONS]${command.takesCommand ? ' -- COMMAND [ARGS]...' : command.operand ? ` ${command.operand}` : ''}`,
      )
      expect(help).toContain(command.summary)
    })

    test('shows every option, its value, its default, its variable and an example', () => {
      const text = help.join(' ').replace(/\s+/g, ' ')
      for (const [key, option] of Object.entries({ ...command.options, ...globalOptions })) {
        const written = optionName(key)
        const short = option.short === undefined ? '' : `-${option.short}, `
        expect(help).toContain(`  ${short}${written}${valueIn(written, option)}`)
        expect(text).toContain(option.help)
        if (option.example !== written) expect(text).toContain(`Example: ${option.example}`)
        if (option.shownDefault) expect(text).toContain(`(default: ${option.shownDefault})`)
        const variable = variableName(key, key in globalOptions || option.shared ? null : name)
        expect(text).toMatch(new RegExp(`[Vv]ariable: ${variable}\\b`))
      }
    })

    test('shows how to ask for help and for the version', () => {
      expect(help).toEqual(expect.arrayContaining(['  -h, --help', '  --version']))
    })

    test('shows every example', () => {
      expect(help).toEqual(expect.arrayContaining(command.examples.map(example => `  ${example}`)))
    })

    test('fits a terminal of 80 columns', () => {
      expect(help.filter(line => line.length > WIDTH)).toEqual([])
    })

    test('is printed by --help, and nothing else happens', async () => {
      const env = { CANHAZGPU_STORE: 'sqlite:/nowhere/pool.db' }
      expect(await canhazgpu([name, '--help'], { env })).toEqual({
        status: 0,
        signal: null,
        stdout: `${help.join('\n')}\n`,
        stderr: '',
      })
    })
  },
)

test('the version is that of the package', async () => {
  expect(await canhazgpu(['--version'])).toMatchObject({ status: 0, stdout: `canhazgpu ${version}\n` })
})

/** How the value of an option is written in help. */
function valueIn(name: string, { placeholder, bare }: Option<unknown>): string {
  if (placeholder === null) return ''
  return bare === undefined ? ` ${placeholder}` : ` [${placeholder}], --no-${name.slice(2)}`
}
