import { describe, expect, test } from 'bun:test'
import run from '../../../src/cli/commands/run.ts'
import { allCommands } from '../../../src/cli/commands.ts'
import { readConfiguration } from '../../../src/cli/config/read-file.ts'
import { knownVariables } from '../../../src/cli/config/rows.ts'
import { flag, wholeNumber } from '../../../src/cli/options.ts'
import { type Given, parseOptions } from '../../../src/cli/parse-options.ts'
import { environment, type Layer, resolveOptions, settingsFor } from '../../../src/cli/settings.ts'
import fc from '../../helpers/fast-check.ts'

function file(content: object, path = '/f.json'): Layer {
  return readConfiguration(path, Buffer.from(JSON.stringify(content)))
}

/** What `run` gets of some layers. */
function valuesOf(layers: readonly Layer[], args: readonly string[] = []) {
  return resolveOptions(run.options, given(args), settingsFor(run.options, 'run', layers))
}

function given(args: readonly string[]): Given {
  return parseOptions(args, run.options).given
}

/** One place, as something that a file or the environment can say: for all that share it, and for run. */
interface Place {
  readonly note?: string | undefined
  readonly runNote?: string | undefined
  readonly grace?: string | undefined
}

const text = fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { nil: undefined })
const time = fc.option(fc.constantFrom('1m', '2m', '3m'), { nil: undefined })
const place = fc.record<Place>({ note: text, runNote: text, grace: time })

describe('the value of an option', () => {
  test('is that of the last place that has one, and in one place that of the command before that of all', () => {
    fc.assert(
      fc.property(fc.array(place, { maxLength: 4 }), place, place, (files, variables, line) => {
        const layers = [
          ...files.map(({ note, runNote, grace }) => file({ note, run: { note: runNote, grace } })),
          environment({
            CANHAZGPU_NOTE: variables.note,
            CANHAZGPU_RUN_NOTE: variables.runNote,
            CANHAZGPU_RUN_GRACE: variables.grace,
          }),
        ]
        const args = [
          ...(line.note ? ['--note', line.note] : []),
          ...(line.grace ? [`--grace=${line.grace}`] : []),
        ]
        // The reference: overwrite, from the first to the last.
        const expected: { note: string | null; grace: string } = { note: null, grace: '30s' }
        for (const { note, runNote, grace } of [...files, variables, { ...line, runNote: undefined }]) {
          expected.note = runNote ?? note ?? expected.note
          expected.grace = grace ?? expected.grace
        }
        const values = valuesOf(layers, args)
        expect(values.note).toBe(expected.note)
        expect(values.grace).toBe(expected.grace === '30s' ? 30_000 : Number(expected.grace[0]) * 60_000)
      }),
      { numRuns: 300 },
    )
  })

  test('of all commands is nothing to an option that only looks the same', () => {
    const admin = allCommands().find(({ name }) => name === 'admin')?.options ?? {}
    const layers = [file({ gpus: 3 }), environment({ CANHAZGPU_GPUS: '4' })]
    expect(settingsFor(admin, 'admin', layers)('gpus')).toBeUndefined()
    expect(valuesOf(layers).gpus).toBe(4)
  })
})

describe('of --gpus and --gpu-ids', () => {
  const both = { gpus: 3, 'gpu-ids': [1, 2] }
  test.each<[string, object[], string[], object]>([
    ['the line', [{ gpus: 3 }], ['--gpu-ids', '1'], { gpus: 1, gpuIds: [1] }],
    ['the line', [{ 'gpu-ids': '0-2' }], ['--gpus', '2'], { gpus: 2, gpuIds: null }],
    ['the later file', [{ gpus: 3 }, { 'gpu-ids': [5, 4] }], [], { gpus: 1, gpuIds: [4, 5] }],
    ['the later file', [{ 'gpu-ids': 5 }, { run: { gpus: 2 } }], [], { gpus: 2, gpuIds: null }],
    ['what is left', [{ gpus: 3 }, { 'gpu-ids': false }], [], { gpus: 3, gpuIds: null }],
    ['what is left', [{ gpus: 3 }], ['--no-gpu-ids'], { gpus: 3, gpuIds: null }],
    // In one place it is for the command to say that they do not fit.
    ['both', [both], [], { gpus: 3, gpuIds: [1, 2] }],
  ])('%s holds: %j %j', (_who, files, args, values) => {
    expect(
      valuesOf(
        files.map(content => file(content)),
        args,
      ),
    ).toMatchObject(values)
  })
})

describe('options that exclude each other', () => {
  const time = wholeNumber({ placeholder: 'N', most: 99, help: '', example: '--time 1', fallback: 0 })
  const table = {
    a: { ...time, excludes: ['b'], excludesBecause: 'one is enough' },
    b: { ...time, excludes: ['c'] },
    c: time,
    off: { ...flag({ help: '', example: '--off' }), excludes: ['a'] },
  }
  const layer =
    (name: string, content: Record<string, string | null>): Layer =>
    key =>
      content[key] === undefined ? undefined : { text: content[key], source: `${key} of ${name}` }
  const values = (args: string[], ...layers: Layer[]) =>
    resolveOptions(table, parseOptions(args, table).given, settingsFor(table, 'x', layers))

  test.each<[string[], Record<string, string | null>[], object]>([
    [['--b', '2'], [{ a: '1' }], { a: 0, b: 2 }],
    [['--a', '2'], [{ b: '1' }], { a: 2, b: 0 }],
    [[], [{ a: '1' }, { b: '2' }], { a: 0, b: 2 }],
    // What is put aside does not put aside anything itself.
    [['--c', '3'], [{ a: '1' }, { b: '2' }], { a: 1, b: 0, c: 3 }],
    [['--a', '1', '--c', '3'], [], { a: 1, c: 3 }],
    // What is off excludes nothing.
    [['--a', '1', '--no-off'], [], { a: 1, off: false }],
    [[], [{ a: '1' }, { off: 'false' }], { a: 1, off: false }],
    [[], [{ a: '1' }, { b: null }], { a: 1, b: 0 }],
    [['--a', '1'], [{ off: 'true' }], { a: 1, off: false }],
  ])('the later one holds: %j over %j', (args, contents, expected) => {
    expect(values(args, ...contents.map((content, at) => layer(String(at), content)))).toMatchObject(expected)
  })

  test('are refused in one place, in the order in which they were typed', () => {
    const because = ': one is enough. Use one of the two'
    expect(() => values(['--a', '1', '--b', '2'])).toThrow(`--a and --b do not go together${because}`)
    expect(() => values(['--b', '1', '--a', '2'])).toThrow(`--b and --a do not go together${because}`)
    expect(() => values([], layer('x', { b: '1', a: '2' }))).toThrow(`a of x and b of x do not go together`)
    // Not where a later one puts both aside.
    expect(values(['--off'], layer('x', { a: '1' }))).toMatchObject({ a: 0, off: true })
  })
})

describe('what was set can be undone', () => {
  test.each<[object[], string[], object]>([
    [[{ wait: true }, { wait: false }], [], { wait: null }],
    [[{ wait: '2h' }], ['--no-wait'], { wait: null }],
    [[{ wait: false }], ['--wait'], { wait: Infinity }],
    [[{ run: { timeout: '2h' } }, { run: { timeout: false } }], [], { timeout: null }],
    [[{ run: { timeout: '2h' } }, { run: { timeout: null } }], [], { timeout: null }],
    [[{ run: { timeout: '2h' } }], ['--no-timeout'], { timeout: null }],
    [[{ run: { timeout: '2h' } }], ['--no-timeout', '--timeout', '1h'], { timeout: 3_600_000 }],
    [[{ note: 'x' }], ['--no-note'], { note: null }],
    [[{ note: 'x' }], ['--note', 'false'], { note: 'false' }],
  ])('%j %j', (files, args, values) => {
    expect(
      valuesOf(
        files.map(content => file(content)),
        args,
      ),
    ).toMatchObject(values)
  })

  test('by a variable', () => {
    const timeout = file({ run: { timeout: '2h' } })
    expect(valuesOf([timeout, environment({ CANHAZGPU_RUN_TIMEOUT: 'false' })]).timeout).toBeNull()
    expect(valuesOf([timeout, environment({ CANHAZGPU_RUN_TIMEOUT: '' })]).timeout).toBe(7_200_000)
  })
})

describe('variables', () => {
  test('have a name each', () => {
    const names = knownVariables()
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted())
    expect(names).toContain('CANHAZGPU_RUN_TIMEOUT')
    expect(names).toContain('CANHAZGPU_HISTORY_DAYS')
  })
})
