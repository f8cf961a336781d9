import { describe, expect, test } from 'bun:test'
import { choice, duration, flag, type Options, optionName, text, wholeNumber } from '../../src/cli/options.ts'
import { parseOptions } from '../../src/cli/parse-options.ts'
import { environment, resolveOptions, settingsFor, variableName } from '../../src/cli/settings.ts'
import { UsageError } from '../../src/core/errors.ts'
import fc from '../helpers/fast-check.ts'
import { thrownBy } from '../helpers/thrown.ts'

const table = {
  gpus: wholeNumber({ placeholder: 'N', help: '', example: '--gpus 2', most: 1024, fallback: 1 }),
  memoryThreshold: wholeNumber({
    placeholder: 'MB',
    help: '',
    example: '--memory-threshold 5',
    least: 0,
    most: 10_000,
    fallback: 100,
  }),
  duration: duration({
    help: '',
    example: '--duration 4h',
    fallback: 28_800_000,
    shownDefault: '8h',
    leastMs: 1000,
    mostMs: 365 * 86_400_000,
    bounds: 'from 1s to 365d',
  }),
  store: text({ placeholder: 'URL', help: '', example: '--store x', fallback: 'there' }),
  provider: choice({
    placeholder: 'NAME',
    help: '',
    example: '--provider a',
    choices: ['a', 'b'],
    fallback: null,
  }),
  force: flag({ help: '', example: '--force' }),
} satisfies Options

const defaults = {
  gpus: 1,
  memoryThreshold: 100,
  duration: 28_800_000,
  store: 'there',
  provider: null,
  force: false,
}

/** The values that come of a command line. */
function read(args: readonly string[], env: Record<string, string> = {}) {
  return resolveOptions(
    table,
    parseOptions(args, table, 'reserve').given,
    settingsFor(table, 'reserve', [environment(env)]),
  )
}

function refusal(args: readonly string[], env: Record<string, string> = {}): string {
  const { message, exitStatus } = thrownBy(() => read(args, env), UsageError)
  expect(exitStatus).toBe(2)
  return message
}

test('without options everything has its default', () => {
  expect(read([])).toEqual(defaults)
})

test.each([
  [['--gpus', '2'], { gpus: 2 }],
  [['--gpus=2'], { gpus: 2 }],
  [['--gpus', '1', '--gpus=3', '--gpus', '2'], { gpus: 2 }],
  [['--gpus', '1024'], { gpus: 1024 }],
  [['--memory-threshold', '0'], { memoryThreshold: 0 }],
  [['--duration', '1h30m'], { duration: 5_400_000 }],
  [['--duration=1h 30M'], { duration: 5_400_000 }],
  [['--duration', '1s'], { duration: 1000 }],
  [['--duration', '365d'], { duration: 31_536_000_000 }],
  [['--store', 'sqlite:/a=b'], { store: 'sqlite:/a=b' }],
  [['--store=sqlite:/a=b'], { store: 'sqlite:/a=b' }],
  [['--store', '-'], { store: '-' }],
  [['--store', '--force'], { store: '--force' }],
  [['--provider', 'b'], { provider: 'b' as const }],
  [['--force', '--force'], { force: true }],
])('%j is understood', (args, values) => {
  expect<object>(read(args)).toEqual({ ...defaults, ...values })
})

describe('a number of GPUs', () => {
  test.each([
    '0',
    '-1',
    '1.5',
    '1e3',
    'abc',
    '',
    '12345678901234567890',
    '+1',
    ' 1',
    '1 ',
    '01',
    '0x10',
    '1_000',
    '٣',
    'NaN',
    'Infinity',
    '1025',
    '1'.repeat(20),
  ])('is not %j', value => {
    const words = `"${value}". Use a whole number from 1 to 1024, for example --gpus 2`
    expect(refusal([`--gpus=${value}`])).toBe(`Invalid value for --gpus: ${words}`)
    expect(refusal(['--gpus', value])).toBe(`Invalid value for --gpus: ${words}`)
    if (value)
      expect(refusal([], { CANHAZGPU_RESERVE_GPUS: value })).toBe(
        `Invalid value for CANHAZGPU_RESERVE_GPUS: ${words}`,
      )
  })

  test('is any text of digits that reads as a whole number from 1 to 1024, and no other text', () => {
    const number = fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.e ]{1,12}$/), fc.nat().map(String))
    fc.assert(
      fc.property(number, value => {
        const taken =
          String(Number.parseInt(value, 10)) === value && Number(value) >= 1 && Number(value) <= 1024
        if (taken) expect(read([`--gpus=${value}`]).gpus).toBe(Number(value))
        else refusal([`--gpus=${value}`])
      }),
      { numRuns: 1000 },
    )
  })
})

test.each(['abc', '5', '-1h', '0m', '', '1e9d', 'NaN', 'Infinityh', '0x10h', '0.9s', '366d', '365d1s'])(
  '%j is no duration, and the refusal says one that is',
  value => {
    expect(refusal(['--duration', value])).toBe(
      `Invalid value for --duration: "${value}". Use a duration from 1s to 365d, for example --duration 4h`,
    )
  },
)

test.each([
  [['--provider', 'c'], 'Invalid value for --provider: "c". Use a, b, for example --provider a'],
  [['--provider', 'A'], 'Invalid value for --provider: "A". Use a, b, for example --provider a'],
  [['--provider='], 'Invalid value for --provider: "". Use a, b, for example --provider a'],
  [['--store='], 'Invalid value for --store: "". Use some text, for example --store x'],
  [['--store', ''], 'Invalid value for --store: "". Use some text, for example --store x'],
  [['--force=yes'], 'Option --force takes no value. Use it as in: --force'],
  [['--force='], 'Option --force takes no value. Use it as in: --force'],
  [['--gpus'], 'Option --gpus needs a value, for example --gpus 2'],
  [['--gpus', '--', 'true'], 'Option --gpus needs a value, for example --gpus 2'],
  [['--gpu', '2'], 'Unknown option: --gpu. Did you mean --gpus?'],
  [['--gpu=2'], 'Unknown option: --gpu. Did you mean --gpus?'],
  [['--durations', '2h'], 'Unknown option: --durations. Did you mean --duration?'],
  [['--hlep'], 'Unknown option: --hlep. Did you mean --help?'],
  [
    ['--nothing-like-it'],
    "Unknown option: --nothing-like-it. See 'canhazgpu reserve --help' for its options",
  ],
  [['-g', '2'], "Unknown option: -g. See 'canhazgpu reserve --help' for its options"],
  [['-gpus=2'], "Unknown option: -g. See 'canhazgpu reserve --help' for its options"],
  [['--constructor'], "Unknown option: --constructor. See 'canhazgpu reserve --help' for its options"],
])('%j is refused', (args, message) => {
  expect(refusal(args)).toBe(message)
})

describe('a variable', () => {
  test('gives the value when the command line does not', () => {
    expect(read([], { CANHAZGPU_RESERVE_GPUS: '4', CANHAZGPU_RESERVE_STORE: 'here' })).toMatchObject({
      gpus: 4,
      store: 'here',
    })
  })

  test('gives way to the command line, even when it is nonsense', () => {
    expect(read(['--gpus', '2'], { CANHAZGPU_RESERVE_GPUS: 'nonsense' }).gpus).toBe(2)
  })

  test('that is empty counts as not set', () => {
    expect(read([], { CANHAZGPU_RESERVE_GPUS: '', CANHAZGPU_RESERVE_STORE: '' })).toEqual(defaults)
  })

  test('of another name is nothing to it', () => {
    expect(read([], { GPUS: '4', CANHAZGPU_GPUS: '4', CANHAZGPU_RUN_GPUS: '4', gpus: '3' })).toEqual(defaults)
  })
})

test.each([
  ['store', null, 'CANHAZGPU_STORE'],
  ['memoryThreshold', null, 'CANHAZGPU_MEMORY_THRESHOLD'],
  ['timeout', 'run', 'CANHAZGPU_RUN_TIMEOUT'],
  ['gpuIds', 'reserve', 'CANHAZGPU_RESERVE_GPU_IDS'],
])('the variable of the option %s of %p is %s', (key, command, name) => {
  expect(variableName(key, command)).toBe(name)
})

test('an option without a default must be given', () => {
  const options = { gpus: wholeNumber({ placeholder: 'N', help: '', example: '--gpus 8', most: 1024 }) }
  const { message } = thrownBy(() => resolveOptions(options, new Map(), () => undefined), UsageError)
  expect(message).toBe('Missing option --gpus, for example --gpus 8')
})

describe('the options end', () => {
  test.each([
    [['--gpus', '2', 'python', '--gpus', '3'], 2],
    [['--force', '--', '--gpus'], 1],
    [['-', '--force'], 0],
    [['', '--force'], 0],
    [['--gpus=2'], 1],
    [[], 0],
  ])('in %j behind %d words', (args, length) => {
    expect(parseOptions(args, table)).toMatchObject({ length, help: false, version: false })
  })

  test('so that nothing behind them is read, whatever it looks like', () => {
    const behind = fc.array(
      fc.oneof(fc.string(), fc.constantFrom('--gpus', '--help', '-h', '--', '--version', '--no')),
    )
    fc.assert(
      fc.property(fc.constantFrom('--', 'python', '-'), behind, (end, behind) => {
        const { given, ...rest } = parseOptions(['--gpus', '2', end, ...behind], table)
        expect([...given]).toEqual([['gpus', '2']])
        expect(rest).toEqual({ help: false, version: false, length: 2 })
      }),
    )
  })
})

test('help and version are asked for by name', () => {
  expect(parseOptions(['-h'], table).help).toBe(true)
  expect(parseOptions(['--force', '--help', '--gpus', 'abc'], table).help).toBe(true)
  expect(parseOptions(['--version'], table).version).toBe(true)
})

test.each([
  ['gpus', '--gpus'],
  ['memoryThreshold', '--memory-threshold'],
])('the option %s is written %s', (key, name) => {
  expect(optionName(key)).toBe(name)
})
