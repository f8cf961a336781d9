import { beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { allCommands } from '../../src/cli/commands.ts'
import { standingSettings } from '../../src/cli/config/standing-settings.ts'
import { fileKey } from '../../src/cli/config/written-value.ts'
import { globalOptions } from '../../src/cli/global-options.ts'
import { shownVariable, synopsis } from '../../src/cli/help.ts'
import { canhazgpu, outcome, start } from '../helpers/executable.ts'
import { sharedDirectory } from '../helpers/temporary.ts'

const path = join(sharedDirectory(), 'canhazgpu.1')
const readers: [name: string, command: string[]][] = [
  ['man', ['man', '--warnings', '--local-file', path]],
  ['mandoc', ['mandoc', '-T', 'utf8', path]],
]

beforeAll(async () => {
  const { status, stdout, stderr } = await canhazgpu(['man'])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  writeFileSync(path, stdout)
})

describe.each(readers.filter(([name]) => Bun.which(name)))(
  'the manual page, read by %s',
  (_name, command) => {
    let page: string
    beforeAll(async () => {
      const env = { LC_ALL: 'C.UTF-8', MANWIDTH: '80', MAN_KEEP_FORMATTING: '' }
      const { status, stdout, stderr } = await outcome(start(command, { env }))
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      // Bold and underlined letters are written over themselves.
      page = stdout.replace(/.\x08/g, '').replace(/\x1b\[[\d;]*m/g, '')
    })

    test('fits a terminal of 80 columns', () => {
      expect(page.split('\n').filter(line => line.length > 80)).toEqual([])
    })

    test('has every command, option, variable and setting, as they are typed', () => {
      const words = page.replace(/\s+/g, ' ')
      const tables = [
        [globalOptions, null] as const,
        ...allCommands().map(({ options, name }) => [options, name] as const),
      ]
      for (const { name, summary, examples } of allCommands())
        for (const part of [`canhazgpu ${name} [OPTIONS]`, summary, ...examples])
          expect(words).toContain(part)
      for (const [options, command] of tables)
        for (const [key, option] of Object.entries(options))
          for (const part of [synopsis(key, option), option.help, shownVariable(key, option, command)])
            expect(words).toContain(part)
      for (const key of Object.keys(standingSettings)) expect(words).toContain(fileKey(key))
    })
  },
)

test.skipIf(!Bun.which('mandoc'))('has no mistakes that a checker knows', async () => {
  const { stdout } = await outcome(start(['mandoc', '-T', 'lint', '-W', 'warning', path]))
  // A date would differ from build to build.
  expect(stdout.split('\n').filter(line => line !== '' && !line.includes('missing date'))).toEqual([])
})

test.skipIf(!Bun.which('groff'))('has no mistakes that groff warns of', async () => {
  expect(await outcome(start(['groff', '-man', '-ww', '-z', path]))).toMatchObject({ status: 0, stderr: '' })
})

test('man is a command that no list shows, since it is needed once', async () => {
  expect((await canhazgpu(['--help'])).stdout).not.toMatch(/^ {2}man/m)
  expect((await canhazgpu(['man', '--help'])).stdout).toStartWith('Usage: canhazgpu man')
})
