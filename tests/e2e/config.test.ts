import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setting as settingIn, write } from '../helpers/config-files.ts'
import { canhazgpu, executable, outcome, start } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { documentIn } from '../helpers/schema.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

let host: Host
beforeAll(async () => {
  host = await Host.withPool(2)
})
afterAll(() => host[Symbol.dispose]())

/** What holds for one key, and where it comes from. */
function setting(key: string, env: Record<string, string>, args: string[] = [], cwd = '/') {
  return settingIn(key, { env: { ...host.env, ...env }, cwd }, ...args)
}

describe('a file', () => {
  test('in $XDG_CONFIG_HOME holds, and does what it says', async () => {
    using home = temporaryDirectory()
    const path = write(join(home.path, 'canhazgpu/config.toml'), 'gpus = 2\nnote = "from the file"\n')
    const env = { XDG_CONFIG_HOME: home.path }
    expect(await setting('note', env)).toEqual({ value: 'from the file', source: path })
    expect(await canhazgpu(['run', '--', 'true'], { env: { ...host.env, ...env } })).toMatchObject({
      status: 0,
      stderr: 'Reserved 2 GPU(s): [0, 1]\n',
    })
    expect(
      await canhazgpu(['run', '--gpus', '1', '--', 'true'], { env: { ...host.env, ...env } }),
    ).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^Reserved 1 GPU/),
    })
  })

  test('may be JSON, but there may not be two', async () => {
    using home = temporaryDirectory()
    const env = { XDG_CONFIG_HOME: home.path }
    const path = write(join(home.path, 'canhazgpu/config.json'), '{ "memory-threshold": 7 }')
    expect(await setting('memory-threshold', env)).toEqual({ value: 7, source: path })
    const toml = write(join(home.path, 'canhazgpu/config.toml'), '')
    expect(await setting('memory-threshold', env)).toBe(
      `Error: Cannot read the configuration ${path}: ${toml} is there, too. Keep one of the two\n`,
    )
  })

  test('is found below $HOME; a relative $XDG_CONFIG_HOME or $HOME counts as none', async () => {
    using home = temporaryDirectory()
    const path = write(join(home.path, '.config/canhazgpu/config.toml'), 'wait = true')
    write(join(home.path, 'here/canhazgpu/config.toml'), 'wait = "1h"')
    write(join(home.path, 'here/.config/canhazgpu/config.toml'), 'wait = "2h"')
    for (const XDG_CONFIG_HOME of ['', 'here']) {
      const env = { XDG_CONFIG_HOME, HOME: home.path }
      expect(await setting('wait', env, [], home.path)).toEqual({ value: true, source: path })
    }
    const nowhere = { XDG_CONFIG_HOME: 'here', HOME: 'here' }
    expect(await setting('wait', nowhere, [], home.path)).toEqual({ value: null, source: null })
  })

  test('in the current directory is never read', async () => {
    using directory = temporaryDirectory()
    for (const name of [
      'config.toml',
      'canhazgpu.toml',
      'canhazgpu/config.toml',
      '.config/canhazgpu/config.toml',
    ])
      write(join(directory.path, name), 'wait = true')
    expect(await setting('wait', {}, [], directory.path)).toEqual({ value: null, source: null })
  })

  test('named by --config holds over the one named by the variable and over the others', async () => {
    using place = temporaryDirectory()
    const env = {
      XDG_CONFIG_HOME: place.path,
      CANHAZGPU_CONFIG: write(join(place.path, 'variable.toml'), 'wait = "2h"'),
    }
    write(join(place.path, 'canhazgpu/config.toml'), 'wait = "1h"\nnote = "mine"')
    const named = write(join(place.path, 'named.json'), '{ "wait": "3h" }')
    expect(await setting('wait', env)).toEqual({ value: '2h', source: env.CANHAZGPU_CONFIG })
    expect(await setting('wait', env, ['--config', named])).toEqual({ value: '3h', source: named })
    expect(await setting('wait', env, ['--config=named.json'], place.path)).toMatchObject({
      value: '3h',
    })
    expect(await setting('note', env, ['--config', named])).toMatchObject({ value: 'mine' })
    expect(await setting('wait', env, ['--no-config'])).toMatchObject({ value: '1h' })
    expect(await setting('wait', { ...env, CANHAZGPU_WAIT: '4h' }, ['--config', named])).toEqual({
      value: '4h',
      source: 'CANHAZGPU_WAIT',
    })
    // In front of the command, too.
    const args = ['--config', named, 'config', '--json']
    expect((await canhazgpu(args, { env: { ...host.env, ...env } })).stdout).toContain('"3h"')
  })

  test('with a mistake stops every command, but not the help', async () => {
    using place = temporaryDirectory()
    const env = { ...host.env, XDG_CONFIG_HOME: place.path }
    const path = write(join(place.path, 'canhazgpu/config.toml'), 'wait = true\n\n[run]\ngpsu = 2\n')
    for (const args of [['status'], ['reserve'], ['run', '--', 'true'], ['config']]) {
      expect(await canhazgpu(args, { env })).toMatchObject({
        status: 2,
        stdout: '',
        stderr: `Error: Unknown key in ${path}: run.gpsu. Did you mean run.gpus?\n`,
      })
    }
    for (const args of [['--help'], ['run', '--help'], ['--version']])
      expect(await canhazgpu(args, { env })).toMatchObject({ status: 0, stderr: '' })
  })
})

test('the whole of it is one line of JSON as documented', async () => {
  using place = temporaryDirectory()
  const path = write(join(place.path, 'lab.toml'), 'note = "\\u0041 é"\nrun = { gpu-ids = [1, 3] }')
  const { stdout } = await host.canhazgpu('config', '--json', '--all', '--config', path)
  const { files, settings } = documentIn(stdout)
  expect(files).toEqual([path])
  expect(settings).toContainEqual({ command: 'run', key: 'gpu-ids', value: '1,3', source: path })
  expect(settings).toContainEqual({ command: 'reserve', key: 'duration', value: '8h', source: null })
})

describe('what cannot be read', () => {
  test.each<[string, (directory: string) => string, string]>([
    ['nothing', at => join(at, 'x.toml'), 'No such file or directory'],
    ['a directory', at => join(write(join(at, 'x.toml/y'), ''), '..'), 'Is a directory'],
    ['a loop', at => link('x.toml', join(at, 'x.toml')), 'Too many levels of symbolic links'],
    ['a pipe', at => pipe(join(at, 'x.toml')), 'it is not a regular file'],
    ['a device', at => link('/dev/zero', join(at, 'x.toml')), 'it is larger than 64 KiB'],
    ['another ending', at => write(join(at, 'x.yaml'), ''), 'its name does not end in .toml or .json'],
    ['below a file', at => join(write(join(at, 'file'), ''), 'x.toml'), 'Not a directory'],
  ])('is refused when it is named: %s', async (_name, make, reason) => {
    using place = temporaryDirectory()
    const path = make(place.path)
    const words = `Error: Cannot read the configuration ${path}: ${reason}. Check `
    expect(await setting('wait', {}, ['--config', path])).toBe(`${words}--config\n`)
    expect(await setting('wait', { CANHAZGPU_CONFIG: path })).toBe(`${words}CANHAZGPU_CONFIG\n`)
  })

  test('and a relative path in a variable, which would be another file in each directory', async () => {
    expect(await setting('wait', { CANHAZGPU_CONFIG: 'lab.toml' })).toBe(
      'Error: Cannot read the configuration lab.toml: a variable must hold an absolute path. Check CANHAZGPU_CONFIG\n',
    )
  })

  test('does not control the terminal with its name, its keys, or its values', async () => {
    using place = temporaryDirectory()
    const path = join(place.path, '\x1b[2J\n\u202e.toml')
    const shown = `${place.path}/\\x1b[2J\\x0a\\u202e.toml`
    const said = () => setting('wait', {}, ['--config', path])
    expect(await said()).toBe(
      `Error: Cannot read the configuration ${shown}: No such file or directory. Check --config\n`,
    )
    write(path, '"\\u001b[2J" = 1')
    expect(await said()).toBe(
      `Error: Unknown key in ${shown}: \\x1b[2J. See 'canhazgpu config' for all keys\n`,
    )
    write(path, 'policy = "\\u001b[2J\\n"')
    expect(await said()).toStartWith(`Error: Invalid value for policy in ${shown}: "\\x1b[2J\\x0a". Use lru`)
    write(path, 'policy = ["\\u009b"]')
    expect(await said()).toStartWith(`Error: Invalid value for policy in ${shown}: ["\\u009b"]. Use lru`)
    write(path, 'wait = \u009b')
    expect(await said()).toMatch(/^Error: Cannot understand [\x20-\x7e]*\n$/)
    write(path, '')
    const { stdout } = await host.canhazgpu('config', '--config', path)
    expect(stdout.split('\n')[0]).toBe(`# Read: ${shown}`)
  })
})

test('the program is the same under its short name', async () => {
  using place = temporaryDirectory()
  const chg = join(place.path, 'chg')
  symlinkSync(executable(), chg)
  const run = (...args: string[]) => outcome(start([chg, ...args], { env: host.env }))
  expect((await run('run', '--help')).stdout).toStartWith('Usage: canhazgpu run [OPTIONS] -- COMMAND')
  expect(await run('run', 'true')).toMatchObject({
    status: 2,
    stderr: "Error: Missing '--' before the command. Use: canhazgpu run -- true\n",
  })
  expect(await run('run', '--', 'sh', '-c', 'exit 3')).toMatchObject({ status: 3 })
  expect((await run('status')).stdout).toStartWith('GPU 0: AVAILABLE')
})

function link(target: string, path: string): string {
  symlinkSync(target, path)
  return path
}

function pipe(path: string): string {
  const { exitCode } = Bun.spawnSync(['mkfifo', path])
  expect(exitCode).toBe(0)
  return path
}
