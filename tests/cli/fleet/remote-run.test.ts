import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import run from '../../../src/cli/commands/run.ts'
import { handedOn, knownHost, sshName } from '../../../src/cli/fleet/remote-run.ts'
import { NoSuchHostError, UsageError } from '../../../src/core/errors.ts'
import { contextFor } from '../../helpers/command-run.ts'
import { MemoryFleet } from '../../helpers/memory-fleet.ts'
import { temporaryDirectory } from '../../helpers/temporary.ts'
import { thrownBy } from '../../helpers/thrown.ts'

function handed(words: readonly string[], env: Record<string, string> = {}): string[] {
  const { context } = contextFor(run, words, new MemoryFleet([]), env)
  return handedOn(context, 'run', run.options)
}

describe('on another host', () => {
  test.each<[string, string[], string[]]>([
    ['nothing', [], []],
    [
      'the rest of the options',
      ['--on', 'b', '-g', '2', '--note', "it's, ü"],
      ['--gpus=2', "--note=it's, ü"],
    ],
    [
      'flags and what may stand without a value',
      ['--anywhere', '--wait', '-t2h'],
      ['--wait=true', '--timeout=2h'],
    ],
    ['a refusal of what is set there', ['--no-wait', '--no-timeout'], ['--no-wait', '--no-timeout']],
    ['what holds for every command', ['--memory-threshold', '500'], ['--memory-threshold=500']],
    ['nothing of where the pool lives', ['--store', 'sqlite:/x', '--host', 'c'], []],
  ])('is said: %s', (_, words, expected) => {
    expect(handed(words)).toEqual(expected)
  })

  test('holds what variables say, but for what the command line replaces', () => {
    const env = { CANHAZGPU_RUN_TIMEOUT: '1h', CANHAZGPU_GPUS: '4', CANHAZGPU_STORE: 'sqlite:/x' }
    expect(handed(['--gpu-ids', '1,3'], env)).toEqual(['--gpu-ids=1,3', '--timeout=1h'])
    expect(handed([], { ...env, CANHAZGPU_RUN_ANYWHERE: 'true', CANHAZGPU_HOST: 'b' })).toEqual([
      '--gpus=4',
      '--timeout=1h',
    ])
  })

  test('does not hold what files of this host say', () => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'lab.toml')
    writeFileSync(path, 'wait = true\n[run]\ntimeout = "2h"\n')
    expect(handed(['--config', path, '--gpus', '2'])).toEqual(['--gpus=2'])
  })
})

describe('the name of a host', () => {
  test.each(['gpu-01', 'a', 'gpu.lab.example.org', '10.0.0.7', '7'])('may be %s', name => {
    expect(sshName(name)).toBe(name)
  })

  test.each([
    '',
    '-oProxyCommand=id',
    '-',
    'a-',
    'a b',
    'a;b',
    '$(id)',
    'a/b',
    'u@h',
    '[::1]',
    'a\n',
    'ü',
    'a'.repeat(300),
  ])('never is %j', name => {
    thrownBy(() => sshName(name), UsageError)
  })

  test('is one of the fleet', () => {
    expect(knownHost('b', ['a', 'b'])).toBe('b')
    expect(thrownBy(() => knownHost('c', ['a', 'b']), NoSuchHostError).hosts).toEqual(['a', 'b'])
  })
})
