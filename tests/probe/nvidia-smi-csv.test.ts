import { describe, expect, test } from 'bun:test'
import { parseGpus, parseProcesses, UnreadableLineError } from '../../src/probe/nvidia-smi-csv.ts'
import fc from '../helpers/fast-check.ts'
import {
  altered,
  fixture,
  gpuRows,
  NOT_TOLD,
  printGpus,
  printProcesses,
  processRows,
} from '../helpers/nvidia-smi-csv.ts'

const FAILURES = ['driver', 'library', 'no-devices', 'lost-gpu', 'field'].map(what => `failed-${what}.csv`)

describe('parseGpus', () => {
  test('reads a host with eight GPUs', () => {
    const rows = parseGpus(fixture('gpus-8-h100.csv'))
    expect(rows.map(({ index, memoryUsedMiB }) => [index, memoryUsedMiB])).toEqual([
      [0, 0],
      [1, 8452],
      [2, 1024],
      [3, 45],
      [4, 0],
      [5, 500],
      [6, 80987],
      [7, 3],
    ])
    expect(rows[7]?.uuid).toBe('GPU-c84b1a5d-0f62-4e97-a3d8-5b9e2c7f6014')
  })

  test('reads a GPU that never tells its memory', () => {
    expect(parseGpus(fixture('gpus-unified-memory.csv'))).toEqual([
      { index: 0, uuid: 'GPU-8d2b6f41-3e0a-4c75-9f18-b64c0d7e5a29', memoryUsedMiB: null },
    ])
  })

  test('knows nothing of GPUs that cannot be read, and all of the others', () => {
    expect(parseGpus(fixture('gpus-sick.csv'))).toEqual([
      { index: 0, uuid: 'GPU-5c1f6a0e-9b7d-4f0c-8a51-0f4d2c9e7b10', memoryUsedMiB: 0 },
      { index: 1, uuid: null, memoryUsedMiB: null },
      { index: 2, uuid: null, memoryUsedMiB: null },
      { index: 3, uuid: 'GPU-71d40c8f-e25a-4b19-9c3e-d87b5a6f2103', memoryUsedMiB: 45 },
    ])
  })

  test.each(NOT_TOLD)('takes %s for memory that is not told', word => {
    expect(parseGpus(`0, GPU-a, ${word}\n`)).toEqual([{ index: 0, uuid: 'GPU-a', memoryUsedMiB: null }])
  })

  test.each([
    ['GPU-a, [Unknown Error]', 'memory'],
    ['GPU-a, [GPU requires reset]', 'memory'],
    ['GPU-a, [GPU is lost]', 'memory'],
    ['GPU-a, []', 'memory'],
    ['[Unknown Error], [Unknown Error]', 'both'],
    ['[N/A], [N/A]', 'both'],
    ['N/A, N/A', 'both'],
    ['[Unknown Error], 45', 'the uuid'],
  ])('takes %j for a GPU that cannot be read: %s is not known', fields => {
    expect(parseGpus(`0, GPU-well, 0\n3, ${fields}\n`)).toEqual([
      { index: 0, uuid: 'GPU-well', memoryUsedMiB: 0 },
      { index: 3, uuid: null, memoryUsedMiB: null },
    ])
  })

  test.each([
    ['no space behind commas', '0,GPU-a,45\n1,GPU-b,0\n'],
    ['CRLF', '0, GPU-a, 45\r\n1, GPU-b, 0\r\n'],
    ['blank lines', '\n0, GPU-a, 45\n  \n1, GPU-b, 0\n\n'],
    ['spaces at the ends', '  0 , GPU-a ,  45 \n1, GPU-b, 0\t\n'],
  ])('reads rows with %s', (_, csv) => {
    expect(parseGpus(csv)).toEqual([
      { index: 0, uuid: 'GPU-a', memoryUsedMiB: 45 },
      { index: 1, uuid: 'GPU-b', memoryUsedMiB: 0 },
    ])
  })

  test('gives rows in the order of the answer, whatever their numbers', () => {
    expect(parseGpus('7, GPU-a, 1\n2, GPU-b, 2\n').map(({ index }) => index)).toEqual([7, 2])
  })

  test('reads nothing from nothing', () => {
    expect(parseGpus('')).toEqual([])
  })

  test.each([
    ['a memory of 20 digits', '0, GPU-a, 12345678901234567890\n'],
    ['an index of 20 digits', '12345678901234567890, GPU-a, 0\n'],
    ['a unit', '0, GPU-a, 45 MiB\n'],
    ['a header', 'index, uuid, memory.used [MiB]\n0, GPU-a, 45\n'],
    ['negative memory', '0, GPU-a, -1\n'],
    ['fractional memory', '0, GPU-a, 4.5\n'],
    ['memory in another notation', '0, GPU-a, 1e3\n'],
    ['no memory', '0, GPU-a, \n'],
    ['a field too few', '0, GPU-a\n'],
    ['a field too many', '0, GPU-a, 45, 81559\n'],
    ['an index that is no number', '[N/A], GPU-a, 45\n'],
    ['no index', ', GPU-a, 45\n'],
    ['no uuid', '0, , 45\n'],
    ['a uuid of something else', '0, MIG-a, 45\n'],
    ['a GPU twice', '0, GPU-a, 45\n1, GPU-b, 0\n0, GPU-a, 0\n'],
    ['a GPU twice, written differently', '0, GPU-a, 45\n00, GPU-b, 0\n'],
    ['a bracket that is not closed', '0, GPU-a, [N/A\n'],
    ['a bracket that is not opened', '0, GPU-a, N/A]\n'],
    ['memory behind words', '0, GPU-a, about 45\n'],
    ['two rows in one line', '0, GPU-a, 45 1, GPU-b, 0\n'],
    ['a carriage return in the middle', '0, GPU-a, 45\r1, GPU-b, 0\n'],
    ['a zero byte', '0, GPU-a, 45\0\n'],
  ])('refuses %s', (_, csv) => {
    expect(() => parseGpus(csv)).toThrow(UnreadableLineError)
  })

  test('refuses an answer that was cut off, wherever', () => {
    const whole = fixture('gpus-8-h100.csv')
    for (let end = 1; end < whole.length; end++) {
      // A cut between lines, or just before the end of one, loses no letter of a row.
      if (whole[end - 1] !== '\n' && whole[end] !== '\n')
        expect([end, attempt(() => parseGpus(whole.slice(0, end)))]).toEqual([end, null])
    }
  })

  test('reads back what is printed', () => {
    fc.assert(fc.property(gpuRows, rows => expect(parseGpus(printGpus(rows))).toEqual(rows)))
  })

  test('gives only rows whose text was there, however an answer is altered', () => {
    fc.assert(
      fc.property(altered(gpuRows.map(printGpus)), csv => {
        const rows = attempt(() => parseGpus(csv))
        if (rows === null) return
        const lines = linesOf(csv)
        expect(rows.length).toBe(lines.length)
        expect(new Set(rows.map(({ index }) => index)).size).toBe(rows.length)
        for (const [place, { index, uuid, memoryUsedMiB }] of rows.entries()) {
          const fields = lines[place]?.split(',').map(field => field.trim()) ?? []
          expect(fields.length).toBe(3)
          expect(fields[0]).toMatch(/^\d+$/)
          expect(Number(fields[0])).toBe(index)
          if (uuid === null) continue
          expect(fields[1]).toBe(uuid)
          if (memoryUsedMiB === null) expect<unknown[]>([...NOT_TOLD]).toContain(fields[2])
          else expect(fields[2]?.replace(/^0+(?=\d)/, '')).toBe(String(memoryUsedMiB))
        }
      }),
      { numRuns: 5000 },
    )
  })
})

describe('parseProcesses', () => {
  test('reads a host with several processes', () => {
    expect(parseProcesses(fixture('apps-8-h100.csv')).map(({ gpuUuid: _, ...row }) => row)).toEqual([
      { pid: 4711, memoryMiB: 8440, name: '/usr/bin/python3' },
      { pid: 12345, memoryMiB: 512, name: '/home/bob/miniconda3/envs/my env/bin/python3.11' },
      { pid: 67890, memoryMiB: 500, name: 'jupyter' },
      { pid: 31337, memoryMiB: 80970, name: 'VLLM::EngineCore' },
      { pid: 31338, memoryMiB: null, name: '[Not Found]' },
    ])
  })

  test('reads names with commas, quotes, escape sequences and other scripts as they are', () => {
    expect(parseProcesses(fixture('apps-strange-names.csv')).map(({ pid, name }) => [pid, name])).toEqual([
      [101, 'train,v2,final.py --lr 1e-3'],
      [102, `"quoted, name" it's`],
      [103, '\x1b[2J\x1b[31mred\x07'],
      [104, '学習 🚀'],
      [105, ''],
    ])
  })

  test.each([
    ['a carriage return', 'a\rb'],
    ['a line separator', 'a\u2028b'],
    ['a paragraph separator', 'a\u2029b'],
    ['a zero byte', 'a\0b'],
    ['bytes that were no UTF-8', 'a\ufffdb'],
  ])('reads a name with %s: nobody can blind the probe by a name', (_, name) => {
    expect(parseProcesses(`GPU-a, 1, 2, ${name}\n`)).toEqual([
      { gpuUuid: 'GPU-a', pid: 1, memoryMiB: 2, name },
    ])
  })

  test.each([...NOT_TOLD, '[Unknown Error]'])('takes %s for a pid or memory that is not told', word => {
    expect(parseProcesses(`GPU-a, ${word}, ${word}, ${word}\nGPU-b, 5, ${word}, x\n`)).toEqual([
      { gpuUuid: 'GPU-a', pid: null, memoryMiB: null, name: word },
      { gpuUuid: 'GPU-b', pid: 5, memoryMiB: null, name: 'x' },
    ])
  })

  test('gives one row for each GPU that a process uses', () => {
    expect(parseProcesses('GPU-a, 5, 1, x\nGPU-b, 5, 2, x\n').map(({ gpuUuid }) => gpuUuid)).toEqual([
      'GPU-a',
      'GPU-b',
    ])
  })

  test('reads CRLF, and nothing from nothing', () => {
    expect(parseProcesses('GPU-a, 5, 1, x\r\n')[0]?.name).toBe('x')
    expect(parseProcesses('\n')).toEqual([])
  })

  test.each([
    ['a pid of 20 digits', 'GPU-a, 12345678901234567890, 1, x\n'],
    ['memory of 20 digits', 'GPU-a, 1, 12345678901234567890, x\n'],
    ['a negative pid', 'GPU-a, -1, 1, x\n'],
    ['a header', 'gpu_uuid, pid, used_gpu_memory [MiB], process_name\n'],
    ['a unit', 'GPU-a, 5, 1 MiB, x\n'],
    ['no name', 'GPU-a, 5, 1\n'],
    ['no uuid', ', 5, 1, x\n'],
    ['a uuid that is not told', '[N/A], 5, 1, x\n'],
    ['a name that spoils the next line', 'GPU-a, 5, 1, x\ny\n'],
    ['words', 'No running processes found\n'],
  ])('refuses %s', (_, csv) => {
    expect(() => parseProcesses(csv)).toThrow(UnreadableLineError)
  })

  test('reads back what is printed, whatever the names', () => {
    fc.assert(
      fc.property(processRows, rows => expect(parseProcesses(printProcesses(rows))).toEqual(rows)),
      { numRuns: 1000 },
    )
  })

  test('loses no row and gives only what was there, however an answer is altered', () => {
    fc.assert(
      fc.property(altered(processRows.map(printProcesses)), csv => {
        const rows = attempt(() => parseProcesses(csv))
        if (rows === null) return
        const lines = linesOf(csv)
        expect(rows.length).toBe(lines.length)
        for (const [place, { gpuUuid, pid, memoryMiB, name }] of rows.entries()) {
          const [uuidField, pidField, memoryField, ...nameFields] = lines[place]?.split(',') ?? []
          expect(uuidField?.trim()).toBe(gpuUuid)
          expect(nameFields.join(',').trim()).toBe(name)
          expectNumber(pidField, pid)
          expectNumber(memoryField, memoryMiB)
        }
      }),
      { numRuns: 5000 },
    )
  })
})

describe.each([
  ['parseGpus', parseGpus],
  ['parseProcesses', parseProcesses],
] as const)('%s', (_, parse) => {
  test.each(FAILURES)('refuses the error message in %s', name => {
    expect(() => parse(fixture(name))).toThrow(UnreadableLineError)
  })

  test('tells which line it could not read', () => {
    const failure = 'NVIDIA-SMI has failed'
    expect(() => parse(failure)).toThrow(expect.objectContaining({ line: failure }))
  })

  test('throws nothing but UnreadableLineError, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ unit: fc.constantFrom(...'019,[]-/ GPUNA\n\r'), maxLength: 60 }),
    )
    fc.assert(
      fc.property(text, text => {
        const rows = attempt(() => parse(text)) ?? []
        expect(rows.length).toBeLessThanOrEqual(linesOf(text).length)
      }),
      { numRuns: 5000 },
    )
  })
})

/** The rows, or null for an answer that was refused; any other error comes out. */
function attempt<T>(parse: () => T): T | null {
  try {
    return parse()
  } catch (error) {
    if (error instanceof UnreadableLineError) return null
    throw error
  }
}

function linesOf(csv: string): string[] {
  return csv.split('\n').filter(line => line.trim() !== '')
}

function expectNumber(field: string | undefined, value: number | null): void {
  if (value === null) expect(field?.trim()).toMatch(/^(\[.*\]|N\/A)$/)
  else expect(field?.trim().replace(/^0+(?=\d)/, '')).toBe(String(value))
}
