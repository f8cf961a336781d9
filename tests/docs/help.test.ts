import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCommandLine } from '../../src/cli/command-line.ts'
import { allCommands } from '../../src/cli/commands.ts'
import { globalOptions } from '../../src/cli/global-options.ts'
import { optionName } from '../../src/cli/options.ts'
import { variableName } from '../../src/cli/settings.ts'
import { documentText } from '../helpers/documents.ts'
import { sharedDirectory } from '../helpers/temporary.ts'

const commands = allCommands()

/** The configuration file that an example names. */
const emptyFile = join(sharedDirectory(), 'lab.toml')
writeFileSync(emptyFile, '')

const everyPage = commands.map(({ name }) => documentText(`docs/commands/${name}.md`)).join()

describe.each(commands.map(command => [command.name, command] as const))('%s', (name, command) => {
  test('has examples in its help that can be typed as they are', () => {
    for (const example of command.examples) {
      const [program, ...args] = example.split(' ')
      expect(program).toBe('canhazgpu')
      expect(readCommandLine(args)).toMatchObject({ kind: 'command', command: { name } })
    }
    expect(command.examples).not.toBeEmpty()
  })

  test('has an example for every option that can be typed as it is', () => {
    for (const [key, option] of Object.entries({ ...command.options, ...globalOptions })) {
      const words = option.example.split(' ').map(word => (word === 'lab.toml' ? emptyFile : word))
      const own = words[0] === 'canhazgpu' ? words.slice(1) : [name, ...words]
      const needed = Object.entries(command.options)
        .filter(([key, { fallback }]) => fallback === undefined && !own.includes(optionName(key)))
        .flatMap(([, { example }]) => example.split(' '))
      const operands = command.takesCommand ? ['--', 'true'] : []
      expect(own).toContain(optionName(key))
      expect(readCommandLine([...own, ...needed, ...operands])).toMatchObject({
        kind: 'command',
        command: { name },
      })
    }
  })

  test('has every option on its page', () => {
    const page = documentText(`docs/commands/${name}.md`)
    for (const key of Object.keys(command.options)) expect(page).toContain(`\`${optionName(key)}`)
  })
})

test('the options of every command, and their variables, are on the pages', () => {
  for (const key of Object.keys(globalOptions)) {
    expect(everyPage).toContain(optionName(key))
    expect(everyPage).toContain(variableName(key, null))
  }
})
