import { describe, expect, test } from 'bun:test'
import { commandNames } from '../../src/cli/commands.ts'
import { Host } from '../helpers/host.ts'

describe('a word too many, or a wrong one', () => {
  test.each([
    [[], "No command given. See 'canhazgpu --help' for the commands"],
    [['--'], "No command given. See 'canhazgpu --help' for the commands"],
    [['stauts'], 'Unknown command: stauts. Did you mean status?'],
    [['frobnicate'], 'Unknown command: frobnicate. Use one of ALL'],
    [
      ['keeper'],
      "The keeper was not told its store. It is started by 'canhazgpu run', and is not for people to type",
    ],
    [['STATUS'], 'Unknown command: STATUS. Use one of ALL'],
    [
      ['status', 'now'],
      "Unexpected argument: now. 'status' takes options only; see 'canhazgpu status --help'",
    ],
    [
      ['release', '2'],
      "Unexpected argument: 2. 'release' takes options only; see 'canhazgpu release --help'",
    ],
    [
      ['reserve', '--', 'x'],
      "Unexpected argument: x. 'reserve' takes options only; see 'canhazgpu reserve --help'",
    ],
    [['reserve', '--gpu', '2'], 'Unknown option: --gpu. Did you mean --gpus?'],
    [['release', '--gpus', '2'], "Unknown option: --gpus. See 'canhazgpu release --help' for its options"],
    [['reserve', '--gpu-id', '2'], 'Unknown option: --gpu-id. Did you mean --gpu-ids?'],
    [['run', '--wiat', '--', 'true'], 'Unknown option: --wiat. Did you mean --wait?'],
    [
      ['run', '--policy', 'lur', '--', 'true'],
      'Invalid value for --policy: "lur". Did you mean lru? Use lru, mru-user, pack, for example --policy pack',
    ],
    [
      ['admin', '--gpus', '2', '--provider', 'nvida'],
      'Invalid value for --provider: "nvida". Did you mean nvidia? Use nvidia, amd, fake, for example --provider nvidia',
    ],
    [['qeueu'], 'Unknown command: qeueu. Did you mean queue?'],
    [
      ['completion', 'zhs'],
      'No completion for "zhs". Did you mean zsh? Use bash, zsh or fish: canhazgpu completion bash',
    ],
    [['completion'], 'Missing SHELL. Use bash, zsh or fish: canhazgpu completion bash'],
    [['reserve', '-x', '2'], "Unknown option: -x. See 'canhazgpu reserve --help' for its options"],
    [
      ['admin', '--force=yes'],
      'Option --force takes no value. Use it as in: canhazgpu admin --gpus 4 --force',
    ],
    [['status', '--store'], 'Option --store needs a value, for example --store sqlite:/srv/gpu/pool.db'],
    [
      ['status', '--store', ''],
      'Invalid value for --store: "". Use some text, for example --store sqlite:/srv/gpu/pool.db',
    ],
    [
      ['status', '--store', 'pool.db'],
      'Invalid store: "pool.db". Use sqlite:PATH, for example --store sqlite:/var/lib/canhazgpu/pool.db, or redis://SERVER',
    ],
  ])('%j is refused with what to type instead', async (args, message) => {
    using host = new Host(1)
    expect(await host.canhazgpu(...args)).toEqual({
      status: 2,
      signal: null,
      stdout: '',
      stderr: `Error: ${message.replace('ALL', commandNames.join(', '))}\n`,
    })
  })
})

describe('help', () => {
  test.each(commandNames)('of %s is printed, and needs no pool', async command => {
    using host = new Host(1)
    for (const word of ['--help', '-h']) {
      const { status, stdout, stderr } = await host.canhazgpu(command, word)
      expect([status, stderr]).toEqual([0, ''])
      expect(stdout).toStartWith(`Usage: canhazgpu ${command} [OPTIONS]`)
    }
  })

  test('of all, and the version, need no pool', async () => {
    using host = new Host()
    expect((await host.canhazgpu('-h')).stdout).toStartWith('Usage: canhazgpu [OPTIONS] COMMAND [ARGS]...\n')
    expect((await host.canhazgpu('--version')).stdout).toMatch(/^canhazgpu \d+\.\d+\.\d+\n$/)
  })
})
