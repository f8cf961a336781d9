import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { type Asked, readCommandLine } from '../../src/cli/command-line.ts'
import { commandNames } from '../../src/cli/commands.ts'
import { UsageError } from '../../src/core/errors.ts'
import fc from '../helpers/fast-check.ts'
import { thrownBy } from '../helpers/thrown.ts'

/** The variables that give options; none of them may come from whoever runs the tests. */
const isOurs = (name: string) => name.startsWith('CANHAZGPU_')
let saved: Record<string, string | undefined>

beforeEach(() => {
  saved = { ...process.env }
  forgetVariables()
})
afterEach(() => {
  forgetVariables()
  Object.assign(process.env, Object.fromEntries(Object.entries(saved).filter(([name]) => isOurs(name))))
})

function forgetVariables(): void {
  for (const name of Object.keys(process.env)) if (isOurs(name)) delete process.env[name]
}

/** A command line that asks for a command. */
function command(...args: string[]): Extract<Asked, { kind: 'command' }> {
  const asked = readCommandLine(args)
  if (asked.kind !== 'command') throw new Error(`expected a command, got ${asked.kind}`)
  return asked
}

function refusal(...args: string[]): string {
  const { message, exitStatus } = thrownBy(() => readCommandLine(args), UsageError)
  expect(exitStatus).toBe(2)
  return message
}

describe('help and version', () => {
  test.each([
    [['--help'], 'overview'],
    [['-h'], 'overview'],
    [['--help', 'run'], 'overview'],
    [['--version'], 'version'],
    [['status', '--version'], 'version'],
  ])('%j asks for the %s', (args, kind) => {
    expect(readCommandLine(args).kind).toBe(kind as Asked['kind'])
  })

  test.each(['run --help', 'run -h --gpus 0', 'admin --help', 'release -h superfluous'])(
    '%s asks for the help of the command, whatever else is wrong',
    line => {
      const args = line.split(' ')
      expect(readCommandLine(args)).toMatchObject({ kind: 'help', command: { name: args[0] ?? '' } })
    },
  )

  test('behind -- belongs to the command that is run', () => {
    expect(command('run', '--', 'python', '--help').context.operands).toEqual(['python', '--help'])
    expect(command('run', '--', '--help').context.operands).toEqual(['--help'])
  })
})

describe('options', () => {
  test('stand in front of the command, behind it, or both, and the last one wins', () => {
    for (const args of [
      ['--memory-threshold', '7', 'run', '--gpus', '2', '--', 'true'],
      ['run', '--memory-threshold', '7', '--gpus', '2', '--', 'true'],
      ['run', '--gpus=2', '--memory-threshold=7', '--', 'true'],
      [
        '--memory-threshold',
        '9',
        'run',
        '--gpus',
        '1',
        '--gpus',
        '2',
        '--memory-threshold',
        '7',
        '--',
        'true',
      ],
    ]) {
      expect(command(...args)).toMatchObject({
        command: { name: 'run' },
        options: { gpus: 2 },
        context: { memoryThresholdMiB: 7, operands: ['true'] },
      })
    }
  })

  test('come from variables where the line does not give them', () => {
    process.env.CANHAZGPU_MEMORY_THRESHOLD = '500'
    process.env.CANHAZGPU_PROBE_TIMEOUT = '2m'
    process.env.CANHAZGPU_STORE = 'sqlite:/from/variable'
    expect(command('status').context).toMatchObject({
      memoryThresholdMiB: 500,
      probeTimeoutMs: 120_000,
      storeUrl: 'sqlite:/from/variable',
    })
    expect(command('status', '--memory-threshold', '1', '--store', 'sqlite:/x').context).toMatchObject({
      memoryThresholdMiB: 1,
      storeUrl: 'sqlite:/x',
    })
  })

  test('have the defaults of the specification', () => {
    expect(command('reserve')).toMatchObject({
      options: { gpus: 1, duration: null, until: null, short: false, shell: false, adopt: false, pid: null },
      context: {
        memoryThresholdMiB: 100,
        probeTimeoutMs: 30_000,
        storeUrl: 'sqlite:/var/lib/canhazgpu/pool.db',
        operands: null,
      },
    })
    expect(command('run', '--', 'true').options).toMatchObject({ gpus: 1, gpuIds: null, wait: null })
    expect(command('admin', '--gpus', '8').options).toMatchObject({ gpus: 8, force: false, provider: null })
  })

  test('of one command are unknown in front of it and to the others', () => {
    expect(refusal('--gpus', '2', 'run', '--', 'true')).toStartWith('Unknown option: --gpus.')
    expect(refusal('status', '--gpus', '2')).toStartWith('Unknown option: --gpus.')
  })
})

test('a user is the real uid, whatever the variables say', () => {
  expect(command('status').context.holder.uid).toBe(process.getuid?.() ?? -1)
})

describe('what stands behind the first --', () => {
  test('is the command of run, whatever it looks like', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('--', '-h', '--gpus', '')), { minLength: 1 }),
        words => {
          const { context, options } = command('run', '--gpus', '2', '--', ...words)
          expect(context.operands).toEqual(words)
          expect(options).toMatchObject({ gpus: 2 })
        },
      ),
    )
  })

  test.each([[['run']], [['run', '--gpus', '2']], [['run', '--']], [['run', '--gpus', '2', '--']]])(
    'is missing in %j, and the refusal shows a line that works',
    args => {
      expect(refusal(...args)).toBe(
        "No command to run. Put it behind '--', for example: canhazgpu run --gpus 1 -- python train.py",
      )
    },
  )

  test.each([
    [
      ['status', 'now'],
      "Unexpected argument: now. 'status' takes options only; see 'canhazgpu status --help'",
    ],
    [
      ['release', '--', '3'],
      "Unexpected argument: 3. 'release' takes options only; see 'canhazgpu release --help'",
    ],
    [
      ['reserve', '2'],
      "Unexpected argument: 2. 'reserve' takes options only; see 'canhazgpu reserve --help'",
    ],
  ])('is not for others: %j', (args, message) => {
    expect(refusal(...args)).toBe(message)
  })

  test.each([
    [['reserve', '--wait', 'soon'], '--wait: "soon". Use a duration, true or false, for example --wait 2h'],
    [
      ['run', '--wait', 'soon', '--', 'true'],
      '--wait: "soon". Use a duration, true or false, for example --wait 2h',
    ],
    [
      ['status', '--watch', '1m'],
      '--watch: "1m". Use seconds from 0.1 to 3600, or false, for example --watch 5',
    ],
  ])('is a value that was meant for the option before it: %j', (args, problem) => {
    expect(refusal(...args)).toBe(`Invalid value for ${problem}`)
  })

  test('may be nothing for a command that takes none', () => {
    expect(command('status', '--').context.operands).toBeNull()
  })
})

test.each(['help', 'version'])('%s is taken for the option that is meant', word => {
  expect(refusal(word)).toBe(`Unknown command: ${word}. Did you mean --${word}?`)
})

test('of a long word that is no value only the beginning is repeated', () => {
  expect(refusal('reserve', '--note', 'x'.repeat(300))).toStartWith(
    `Invalid value for --note: "${'x'.repeat(60)}…". Use one line of at most 200 characters`,
  )
})

describe('a run without --', () => {
  test('is told of its --, also where an option before it may have a value', () => {
    expect(refusal('run', '--wait', 'python', 'train.py')).toBe(
      "Missing '--' before the command. Use: canhazgpu run --wait -- python train.py",
    )
  })

  test.each([
    [['run', 'python', 'train.py'], 'canhazgpu run -- python train.py'],
    [['run', '--gpus', '2', 'python', '--lr', '0.1'], 'canhazgpu run --gpus 2 -- python --lr 0.1'],
    [['run', '--gpus=2', 'echo', "it's", ''], "canhazgpu run --gpus=2 -- echo 'it'\\''s' ''"],
    [
      ['--store', 'sqlite:/a b', 'run', 'true', '--', 'x'],
      "canhazgpu --store 'sqlite:/a b' run -- true -- x",
    ],
  ])('%j is refused with the corrected line', (args, line) => {
    expect(refusal(...args)).toBe(`Missing '--' before the command. Use: ${line}`)
  })

  test('is refused with a line that the shell reads as the same words, and we as a command', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'\'"\\$`!*?[~#&|;<>(){} \n\t=-a') }),
    )
    const words = fc.array(
      // Line breaks at the very end of a word are the one thing that cannot be spelled for every shell.
      word.map(word => word.replaceAll('\0', '').toWellFormed().replace(/\n+$/, '')),
      { minLength: 1, maxLength: 6 },
    )
    fc.assert(
      fc.property(words, words => {
        fc.pre(words[0] === '' || words[0] === '-' || !words[0]?.startsWith('-'))
        const line = refusal('run', '--gpus', '2', ...words).replace(/^.*?Use: /, '')
        const read = wordsOf(line)
        expect(read).toEqual(['canhazgpu', 'run', '--gpus', '2', '--', ...words])
        expect(command(...read.slice(1)).context.operands).toEqual(words)
      }),
    )
  })
})

describe('a word that is no command', () => {
  test.each([
    [['stauts'], 'Unknown command: stauts. Did you mean status?'],
    [['relase'], 'Unknown command: relase. Did you mean release?'],
    [['frobnicate'], 'Unknown command: frobnicate. Use one of ALL'],
    [[''], 'Unknown command: . Use one of ALL'],
    [['-'], 'Unknown command: -. Use one of ALL'],
    [[], "No command given. See 'canhazgpu --help' for the commands"],
    [['--'], "No command given. See 'canhazgpu --help' for the commands"],
    [['--', 'status'], "No command given. See 'canhazgpu --help' for the commands"],
  ])('%j is refused', (args, message) => {
    const all = commandNames.join(', ')
    expect(refusal(...args)).toBe(message.replace('ALL', all))
  })
})

/** The words that the real shell reads in a line. */
function wordsOf(line: string): string[] {
  const { exitCode, stdout } = Bun.spawnSync([
    '/bin/sh',
    '-c',
    `for word in ${line}; do printf '%s\\0' "$word"; done`,
  ])
  expect(exitCode).toBe(0)
  return stdout.toString().split('\0').slice(0, -1)
}
