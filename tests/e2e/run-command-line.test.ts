import { describe, expect, test } from 'bun:test'
import { chmodSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { executable } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'

/** A command that shows each of its words in brackets. */
const SHOW = "printf '[%s]'"

describe('everything behind the first -- is the command', () => {
  test.each([
    ['--help', '--help'],
    ['-h and --version', '-h --version'],
    ['another --', '-- a -- b'],
    ["canhazgpu's own options", '--gpus 7 --store x'],
    ['empty words', "'' ''"],
    ['words with blanks and line breaks', "' a  b' 'c\n'"],
    ["a shell's characters", "'$HOME' '*' '\"' \"'\""],
  ])('%s', async (_name, words) => {
    using host = await Host.withPool(2)
    const [ours, direct] = await Promise.all([
      host.shell(`"$C" run --gpus 2 -- ${SHOW} ${words}`),
      host.shell(`${SHOW} ${words}`),
    ])
    expect(ours).toEqual({ ...direct, stderr: 'Reserved 2 GPU(s): [0, 1]\n' })
    expect(ours.status).toBe(0)
  })

  test('a command called --help', async () => {
    using host = await Host.withPool(1)
    const file = join(host.nvidiaSmi.directory, '--help')
    writeFileSync(file, '#!/bin/sh\necho my own help\n')
    chmodSync(file, 0o755)
    expect((await host.canhazgpu('run', '--', '--help')).stdout).toBe('my own help\n')
  })

  test('and --help before it is for canhazgpu', async () => {
    using host = await Host.withPool(1)
    const { status, stdout } = await host.canhazgpu('run', '--help', '--', 'echo', 'ran')
    expect(status).toBe(0)
    expect(stdout).toStartWith('Usage: canhazgpu run [OPTIONS] -- COMMAND [ARGS]...\n')
  })
})

describe('run without --', () => {
  test.each([
    ['a command', 'run echo a', 'run -- echo a'],
    ['options of both', 'run --gpus 1 echo --lr 1e-3', 'run --gpus 1 -- echo --lr 1e-3'],
    ['a -- further on', 'run echo a -- b', 'run -- echo a -- b'],
    ['options before run', '--memory-threshold 5 run echo a', '--memory-threshold 5 run -- echo a'],
    ['an option with =', 'run --gpus=1 echo a', 'run --gpus=1 -- echo a'],
    [
      'words to quote',
      `run echo 'a  b' '$HOME' "it's" '' '*' '~'`,
      `run -- echo 'a  b' '$HOME' 'it'\\''s' '' '*' '~'`,
    ],
    ['a line break', `run echo 'a\nb'`, `run -- echo "$(printf 'a\\012b')"`],
  ])('is refused with the corrected line, which works when pasted: %s', async (_name, typed, corrected) => {
    using host = await Host.withPool(1)
    const env = { PATH: [host.env.PATH, dirname(executable())].join(':') }
    const refused = await host.shell(`canhazgpu ${typed}`, { env })
    expect(refused).toEqual({
      status: 2,
      signal: null,
      stdout: '',
      stderr: `Error: Missing '--' before the command. Use: canhazgpu ${corrected}\n`,
    })
    expect(await host.status()).toEqual(['GPU 0: AVAILABLE'])

    const line = refused.stderr.slice(refused.stderr.indexOf('canhazgpu'))
    const [pasted, direct] = await Promise.all([
      host.shell(`exec sh -c "$LINE"`, { env: { ...env, LINE: line } }),
      host.shell(typed.slice(typed.indexOf('echo'))),
    ])
    expect(pasted).toEqual({ ...direct, stderr: 'Reserved 1 GPU(s): [0]\n' })
  })

  test.each([
    ['nothing at all', ['run']],
    ['only options', ['run', '--gpus', '2']],
    ['nothing behind --', ['run', '--gpus', '2', '--']],
  ])('is refused with an example: %s', async (_name, args) => {
    using host = await Host.withPool(2)
    expect(await host.canhazgpu(...args)).toEqual({
      status: 2,
      signal: null,
      stdout: '',
      stderr:
        "Error: No command to run. Put it behind '--', for example: canhazgpu run --gpus 1 -- python train.py\n",
    })
  })
})

test.each(['0', '-1', '1.5', '1e3', 'abc', '', '12345678901234567890', '0x1', ' 1', '+1'])(
  'run --gpus %j is refused with an example',
  async count => {
    using host = await Host.withPool(1)
    const { status, stdout, stderr } = await host.canhazgpu('run', '--gpus', count, '--', 'echo', 'ran')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^Error: Invalid value for --gpus: ".*"\. .*for example --gpus 2\n$/)
    expect(await host.status()).toEqual(['GPU 0: AVAILABLE'])
  },
)
