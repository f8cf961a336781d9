import { describe, expect, test } from 'bun:test'
import { parseDetailedGpus, parseGpus, UnreadableLineError } from '../../src/probe/nvidia-smi-csv.ts'
import { ask, fakeTool } from '../helpers/asked-probe.ts'
import fc from '../helpers/fast-check.ts'
import { altered, detailedGpuRows, NOT_TOLD, printDetailedGpus } from '../helpers/nvidia-smi-csv.ts'

const H100 = 'NVIDIA H100 80GB HBM3'
const known = { name: H100, memoryTotalMiB: 81559, utilizationPercent: 37, temperatureCelsius: 45 }
const unknown = { name: null, memoryTotalMiB: null, utilizationPercent: null, temperatureCelsius: null }

/** The details in an answer of one row. */
function details(fields: string) {
  return parseDetailedGpus(`0, GPU-a, 45, ${fields}\n`).map(row => row.details)
}

describe('parseDetailedGpus', () => {
  test('reads what a GPU is and how it fares, beside what is used', () => {
    expect(parseDetailedGpus(`0, GPU-a, 45, 81559, 37, 45, ${H100}\n`)).toEqual([
      { index: 0, uuid: 'GPU-a', memoryUsedMiB: 45, details: known },
    ])
  })

  test.each([...NOT_TOLD, '[Unknown Error]', '[GPU requires reset]'])('takes %s for not known', word => {
    expect(details(`${word}, ${word}, ${word}, ${word}`)).toEqual([unknown])
    expect(details(`${word}, 37, ${word}, ${H100}`)).toEqual([
      { ...known, memoryTotalMiB: null, temperatureCelsius: null },
    ])
  })

  test.each(['A, B', 'NVIDIA, Inc. "X" [rev 2]', 'a\x1b[31m', '学習', 'a\u2028b', '0', 'N/A (engineering)'])(
    'reads the name %j as it is',
    name => {
      expect(details(`81559, 37, 45, ${name}`)).toEqual([{ ...known, name }])
    },
  )

  test('knows nothing of a GPU that cannot be read, and all of the others', () => {
    const sick = '[Unknown Error]'
    const csv = `0, ${sick}, ${sick}, ${sick}, ${sick}, ${sick}, ${sick}\n1, GPU-b, 0, 81559, 37, 45, ${H100}\n`
    expect(parseDetailedGpus(csv)).toEqual([
      { index: 0, uuid: null, memoryUsedMiB: null, details: unknown },
      { index: 1, uuid: 'GPU-b', memoryUsedMiB: 0, details: known },
    ])
  })

  test.each([
    ['a field too few', `0, GPU-a, 45, 81559, 37, 45\n`],
    ['no details at all', '0, GPU-a, 45\n'],
    ['an empty name', '0, GPU-a, 45, 81559, 37, 45, \n'],
    ['an empty number', `0, GPU-a, 45, 81559, , 45, ${H100}\n`],
    ['a unit', `0, GPU-a, 45, 81559 MiB, 37, 45, ${H100}\n`],
    ['a sign of percent', `0, GPU-a, 45, 81559, 37 %, 45, ${H100}\n`],
    ['a word for a number', `0, GPU-a, 45, 81559, 37, hot, ${H100}\n`],
    ['a broken number', `0, GPU-a, 45, 81559, 37.5, 45, ${H100}\n`],
    ['a number of 20 digits', `0, GPU-a, 45, 12345678901234567890, 37, 45, ${H100}\n`],
    ['an index that is none', `x, GPU-a, 45, 81559, 37, 45, ${H100}\n`],
    ['a uuid that is none', `0, MIG-a, 45, 81559, 37, 45, ${H100}\n`],
    ['memory that is none', `0, GPU-a, much, 81559, 37, 45, ${H100}\n`],
    ['a GPU twice', `0, GPU-a, 45, 81559, 37, 45, ${H100}\n`.repeat(2)],
    ['a last line that was cut off', `0, GPU-a, 45, 81559, 37, 45, NVIDIA H`],
    [
      'a header',
      'index, uuid, memory.used [MiB], memory.total [MiB], utilization.gpu [%], temperature.gpu, name\n',
    ],
    ['an error message', 'Field "memory.totl" is not a valid field to query.\n'],
  ])('refuses %s', (_, csv) => {
    expect(() => parseDetailedGpus(csv)).toThrow(UnreadableLineError)
  })

  test('reads back what is printed', () => {
    fc.assert(
      fc.property(detailedGpuRows, rows => expect(parseDetailedGpus(printDetailedGpus(rows))).toEqual(rows)),
    )
  })

  test('says of what is used what it would say without details, however an answer is altered', () => {
    fc.assert(
      fc.property(altered(detailedGpuRows.map(printDetailedGpus)), csv => {
        const rows = attempt(() => parseDetailedGpus(csv))
        if (rows === null) return
        const short = csv.replace(/^(([^,\n]*,){2}[^,\n]*),[^\n]*$/gm, '$1')
        expect(rows.map(({ details: _, ...row }) => row)).toEqual(parseGpus(short))
        for (const { details } of rows) {
          for (const number of [
            details?.memoryTotalMiB,
            details?.utilizationPercent,
            details?.temperatureCelsius,
          ])
            if (number !== null) expect(csv).toContain(String(number))
          if (details?.name !== null) expect(csv).toContain(String(details?.name))
        }
      }),
      { numRuns: 3000 },
    )
  })
})

describe('the probe', () => {
  const host = fakeTool()

  test('asks for details only when they are wanted', async () => {
    host.tool.show([{ memoryUsed: 45, utilization: 37, temperature: 45 }])
    expect((await ask('usage')).gpus).toEqual({ 0: { memoryUsedMiB: 45, processes: [] } })
    expect((await ask('detailedUsage')).gpus).toEqual({
      0: { memoryUsedMiB: 45, processes: [], details: known },
    })
  })

  test('has no details of a GPU whose processes are not told', async () => {
    host.tool.show([{ apps: [{ pid: '[N/A]' }] }, { utilization: '[N/A]' }])
    expect(Object.keys((await ask('detailedUsage')).gpus ?? {})).toEqual(['1'])
  })
})

/** null for an answer that is refused. */
function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof UnreadableLineError) return null
    throw error
  }
}
