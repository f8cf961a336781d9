import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { executable, type Outcome, outcome, start } from '../helpers/executable.ts'
import fc from '../helpers/fast-check.ts'
import { Host } from '../helpers/host.ts'

const STATUSES = [0, 1, 2, 75, 126, 127]

let host: Host
let emptyDirectory: string
beforeAll(async () => {
  host = new Host()
  await host.canhazgpu('admin', '--gpus', '3', '--provider', 'fake')
  emptyDirectory = join(host.directory.path, 'empty')
  mkdirSync(emptyDirectory)
})
afterAll(() => host[Symbol.dispose]())

/** Runs canhazgpu where `run` finds no program to run, whatever its name: PATH leads nowhere, and no word has a slash. */
function canhazgpuWithoutPrograms(args: readonly string[]): Promise<Outcome> {
  const env = { ...host.env, PATH: '/nonexistent' }
  return outcome(start([executable(), ...args], { env, cwd: emptyDirectory }))
}

const command = fc.constantFrom('admin', 'status', 'reserve', 'release', 'run', 'keeper')
const option = fc.constantFrom(
  ...['--gpus', '--force', '--provider', '--duration', '--store', '--memory-threshold', '--probe-timeout'],
  ...['--help', '-h', '--version', '--', '-', '---', '--gpu', '-x', '--gpus='],
)
const value = fc.constantFrom(
  ...[
    '1',
    '2',
    '0',
    '-1',
    '4',
    '99',
    '1e3',
    '1'.repeat(20),
    '1h',
    '30m',
    '0.5h',
    'abc',
    '',
    ' ',
    'fake',
    'amd',
  ],
  ...['nvidia', '=', 'sqlite:', 'sqlite:other.db', 'redis:x', '__proto__', 'constructor', 'toString'],
)
/** Any text that can be an argument: no NUL; and no slash, so that it is the name of no program. */
const anything = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .map(text => text.replaceAll('\0', '').replaceAll('/', ''))
const assigned = fc.tuple(option, fc.oneof(value, anything)).map(([name, text]) => `${name}=${text}`)
const word = fc.oneof(
  { weight: 4, arbitrary: option },
  { weight: 4, arbitrary: value },
  { weight: 2, arbitrary: assigned },
  { weight: 2, arbitrary: anything },
  { weight: 1, arbitrary: command },
)
const nonsense = fc
  .tuple(fc.array(option, { maxLength: 1 }), command, fc.array(word, { maxLength: 6 }))
  .map(([before, name, rest]) => [...before, name, ...rest])

/** Words that make sense, so that what is behind the reading of words is reached, too. */
const sensible = fc.constantFrom(
  ...[
    'status',
    'release',
    'reserve',
    'reserve --gpus 2',
    'reserve --gpus 3 --duration 1h',
    'reserve --gpus 9',
  ],
  ...[
    'run -- nothing',
    'run --gpus 2 -- nothing --gpus',
    'admin --gpus 3',
    'admin --gpus 2 --provider fake --force',
  ],
  ...['status --store sqlite:other.db', '--memory-threshold 5 status', 'reserve --probe-timeout 1s'],
)
/** Sensible words with one that may be wrong among them. */
const mistyped = fc
  .tuple(sensible, fc.option(word, { nil: undefined }), fc.nat())
  .map(([line, extra, place]) => {
    const words = line.split(' ')
    return extra === undefined ? words : words.toSpliced(place % (words.length + 1), 0, extra)
  })
const args = fc.oneof(nonsense, mistyped)

test('whatever is typed, there is a result, or one line that says what is wrong', async () => {
  const seen = new Set<number | null>()
  await fc.assert(
    fc.asyncProperty(args, async typed => {
      const { status, stdout, stderr } = await canhazgpuWithoutPrograms(typed)
      seen.add(status)
      expect(STATUSES).toContain(status ?? -1)
      if (status !== 0) {
        expect(stdout).toBe('')
        expect(stderr).toMatch(/^Error: [^\n]+\n$/)
      }
      expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]/u)
      expect(stdout + stderr).not.toMatch(/^ {4}at |This is a bug/m)
    }),
    { numRuns: 400 },
  )
  // Each kind of end was met, or the words above have lost their meaning.
  expect([0, 1, 2, 75, 127].filter(status => !seen.has(status))).toEqual([])
})

test('words that are not text are refused like any other', async () => {
  const words = [
    "$'\\xff\\xfe'",
    "--gpus=$'\\xff'",
    "reserve $'\\xc3\\x28'",
    "status --store sqlite:$'\\x80'.db",
  ]
  for (const typed of words) {
    const { status, stdout, stderr } = await host.shell(`exec "$C" ${typed}`, { cwd: emptyDirectory })
    expect([typed, stdout]).toEqual([typed, ''])
    expect([1, 2]).toContain(status ?? -1)
    expect(stderr).toMatch(/^Error: [^\n]+\n$/)
  }
})

test('very many words and very long ones are refused in one line', async () => {
  for (const typed of [
    Array(5000).fill('x'),
    ['x'.repeat(100_000)],
    ['reserve', `--${'x'.repeat(100_000)}`],
    ['reserve', '--duration', '1'.repeat(100_000)],
    ['status', '--store', `sqlite:${'x'.repeat(100_000)}`],
    ['run', '--', 'x'.repeat(100_000)],
  ]) {
    const { status, stdout, stderr } = await canhazgpuWithoutPrograms(typed)
    expect(stdout).toBe('')
    expect([1, 2, 126, 127]).toContain(status ?? -1)
    expect(stderr).toMatch(/^Error: [^\n]+\n$/)
  }
})
