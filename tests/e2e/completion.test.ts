import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { executable, outcome, start } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { Pty } from '../helpers/pty.ts'

const BASH_COMPLETION = '/usr/share/bash-completion/bash_completion'

let host: Host
let env: Record<string, string>

beforeAll(async () => {
  host = await Host.withPool(4)
  await host.canhazgpu('reserve', '--gpu-ids', '2', '--user', 'ann')
  for (const name of ['canhazgpu', 'chg']) symlinkSync(executable(), join(host.directory.path, name))
  writeFileSync(join(host.directory.path, 'only-one.toml'), '')
  env = {
    ...host.env,
    PATH: [host.directory.path, host.env.PATH].join(delimiter),
    HOME: host.directory.path,
    INPUTRC: '/dev/null',
    PS1: '> ',
  }
})
afterAll(() => host[Symbol.dispose]())

/** Each shell as somebody uses it: started with no files of its own, the completion loaded. */
const shells: [name: string, command: string[], load: string][] = [
  ['bash', ['bash', '--norc', '--noprofile', '-i'], 'source <(canhazgpu completion bash)'],
  [
    'bash with bash-completion',
    ['bash', '--norc', '--noprofile', '-i'],
    `source ${BASH_COMPLETION}; source <(canhazgpu completion bash)`,
  ],
  ['zsh', ['zsh', '-f', '-i'], 'autoload -U compinit; compinit -D -u; source <(canhazgpu completion zsh)'],
]

/** Continuous integration has them all. */
function isInstalled([name, [shell = '']]: (typeof shells)[number]): boolean {
  return Bun.which(shell) !== null && (name !== 'bash with bash-completion' || existsSync(BASH_COMPLETION))
}

describe.each(shells.filter(isInstalled))('%s', (_name, command, load) => {
  let terminal: Pty
  beforeAll(async () => {
    terminal = new Pty(command, { ...env, PROMPT: '> ' }, 120)
    terminal.type(`cd ${host.directory.path}; ${load}; echo load''ed\n`)
    await terminal.shows(/loaded/)
  })
  afterAll(() => terminal[Symbol.dispose]())

  let typed = 0
  /** Types the beginning of a line, presses TAB, and goes on to the end of the line. @returns the words that the program got */
  async function completed(line: string): Promise<string> {
    const mark = `<${++typed}:`
    // The line is not executed but shown as words: a function stands in front of it, as `sudo` would.
    terminal.type(`${line}\t`)
    terminal.type(`\x01show '${mark}' \n`)
    const shown = new RegExp(`${mark}(?!')(.*)>`)
    await terminal.shows(shown)
    return shown.exec(terminal.text)?.[1] ?? ''
  }

  beforeAll(async () => {
    terminal.type(`show() { local mark=$1; shift; echo "$mark$*>"; }; echo de''fined\n`)
    await terminal.shows(/defined/)
  })

  test.each([
    ['canhazgpu stat', 'canhazgpu status'],
    ['chg stat', 'chg status'],
    ['canhazgpu run --pol', 'canhazgpu run --policy'],
    ['canhazgpu run --policy m', 'canhazgpu run --policy mru-user'],
    ['canhazgpu run --policy=m', 'canhazgpu run --policy=mru-user'],
    ['canhazgpu reserve --gpu-ids 0,1,2,', 'canhazgpu reserve --gpu-ids 0,1,2,3'],
    ['canhazgpu reserve --gpu-ids=0,1,2,', 'canhazgpu reserve --gpu-ids=0,1,2,3'],
    [
      'canhazgpu --store sqlite:/nowhere run --gpu-ids 0,1,2,',
      'canhazgpu --store sqlite:/nowhere run --gpu-ids 0,1,2,',
    ],
    ['canhazgpu --config only-', 'canhazgpu --config only-one.toml'],
    ['canhazgpu --config=only-', 'canhazgpu --config=only-one.toml'],
    ['canhazgpu run --gpus 1 -- setpri', 'canhazgpu run --gpus 1 -- setpriv'],
    ['canhazgpu --store sqlite:/x run -- cat only-', 'canhazgpu --store sqlite:/x run -- cat only-one.toml'],
    ['./canhazgpu completion z', './canhazgpu completion zsh'],
    ['~/canhazgpu completion z', `HOME/canhazgpu completion zsh`],
  ])('completes %s', async (line, whole) => {
    expect((await completed(line)).trimEnd()).toBe(whole.replace('HOME', host.directory.path))
  })
})

describe.skipIf(!Bun.which('fish'))('fish', () => {
  /** What fish offers for a line, with what it says of each. */
  async function offered(line: string): Promise<string[]> {
    const script = 'cd $HOME; canhazgpu completion fish | source; complete -C $argv[1]'
    const fish = start(['fish', '--no-config', '-c', script, line], { env })
    const { stdout, stderr } = await outcome(fish)
    expect(stderr).toBe('')
    return stdout.split('\n').slice(0, -1)
  }

  test.each([
    ['canhazgpu stat', ['status\tShow current GPU allocation status']],
    ['chg stat', ['status\tShow current GPU allocation status']],
    ['canhazgpu run --policy m', ['mru-user']],
    ['canhazgpu run --policy=m', ['--policy=mru-user']],
    ['canhazgpu run -G 0,1,', ['0,1,2\tReserved by ann (USER)', '0,1,3\tNot reserved']],
    ['canhazgpu --config only-', ['only-one.toml']],
    ['canhazgpu run --gpus 1 -- cat only-', ['only-one.toml']],
    ['canhazgpu frobnicate ', []],
  ])('offers for %s: %j', async (line, words) => {
    const general = (await offered(line)).map(word => word.replace(/\([^)]+\)/, '(USER)'))
    expect(general).toEqual(words)
  })

  test('completes the command behind --', async () => {
    expect((await offered('canhazgpu run -- setpri'))[0]).toStartWith('setpriv')
  })
})

describe('the hidden call', () => {
  const call = (words: string[], more: Record<string, string> = {}) =>
    outcome(start([executable(), 'complete', ...words], { env: { ...host.env, ...more } }))

  test('names the GPUs of the pool, and who has them', async () => {
    const { stdout } = await call(['reserve', '-G', ''])
    expect(stdout.split('\n').slice(0, -1)).toEqual([
      'words',
      '0 Not reserved',
      '1 Not reserved',
      expect.stringMatching(/^2 Reserved by ann/),
      '3 Not reserved',
    ])
  })

  test.each<[string, string[], Record<string, string>]>([
    ['a pool that is not there', ['reserve', '-G', ''], { CANHAZGPU_STORE: 'sqlite:/nowhere/pool.db' }],
    ['a store that is none', ['--store', 'nonsense', 'reserve', '-G', ''], {}],
    ['a configuration that is broken', ['--config', '/nowhere.toml', 'reserve', '-G', ''], {}],
    ['a variable that is nonsense', ['reserve', '-G', ''], { CANHAZGPU_PROBE_TIMEOUT: 'x' }],
    ['words that make no sense', ['\x1b[2J', '--', '\n'], {}],
  ])('says nothing about %s', async (_name, words, more) => {
    expect(await call(words, more)).toEqual({ status: 0, signal: null, stdout: 'words\n', stderr: '' })
  })

  test('never asks the hardware', async () => {
    const called = join(host.directory.path, 'called')
    writeFileSync(join(host.nvidiaSmi.directory, 'nvidia-smi'), `#!/bin/sh\ntouch ${called}\n`)
    expect((await call(['reserve', '-G', ''])).stdout).toContain('3 Not reserved')
    expect(existsSync(called)).toBeFalse()
    // As a command that does ask would show.
    await host.canhazgpu('status')
    expect(existsSync(called)).toBeTrue()
  })
})
