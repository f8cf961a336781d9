import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GpuRow, ProcessRow } from '../../src/probe/nvidia-smi-csv.ts'
import fc from './fast-check.ts'

export function fixture(name: string): string {
  return readFileSync(join(import.meta.dir, '../fixtures/nvidia-smi', name), 'utf8')
}

/** What stands where memory is not told, on a GPU that is well. */
export const NOT_TOLD = ['[N/A]', 'N/A', '[Not Supported]', '[Insufficient Permissions]'] as const

const hex = fc.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{12}$/)
const uuid = hex.map(digits => `GPU-${digits}`)
const memory = fc.option(fc.nat(200_000), { freq: 4 })

/** Rows as a host in good health has them, and how nvidia-smi prints them. */
export const gpuRows: fc.Arbitrary<GpuRow[]> = fc
  .uniqueArray(uuid, { minLength: 1, maxLength: 8 })
  .chain(uuids => fc.tuple(...uuids.map(uuid => memory.map(memoryUsedMiB => ({ uuid, memoryUsedMiB })))))
  .map(gpus => gpus.map((gpu, index) => ({ index, ...gpu })))

export function printGpus(rows: readonly GpuRow[]): string {
  return rows
    .map(({ index, uuid, memoryUsedMiB }) => `${index}, ${uuid}, ${memoryUsedMiB ?? '[N/A]'}\n`)
    .join('')
}

/** Any characters but the one that ends a row, and spaces at the ends, which are the format's. */
const processName = fc
  .string({
    unit: fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.constantFrom(',', '"', '\x1b', '\r'),
    ),
  })
  .filter(name => name === name.trim() && !name.includes('\n'))

const aName = processName.filter(name => name !== '' && !/^(\[.*\]|N\/A)$/.test(name))
const aNumber = fc.option(fc.nat(200_000), { freq: 4 })

/** The same rows with details. */
export const detailedGpuRows: fc.Arbitrary<GpuRow[]> = gpuRows.chain(rows =>
  fc.tuple(
    ...rows.map(row =>
      fc
        .record({
          name: fc.option(aName, { freq: 4 }),
          memoryTotalMiB: aNumber,
          utilizationPercent: aNumber,
          temperatureCelsius: aNumber,
        })
        .map(details => ({ ...row, details })),
    ),
  ),
)

export function printDetailedGpus(rows: readonly GpuRow[]): string {
  return rows
    .map(({ index, uuid, memoryUsedMiB, details }) =>
      [
        index,
        uuid,
        memoryUsedMiB ?? '[N/A]',
        details?.memoryTotalMiB ?? '[N/A]',
        details?.utilizationPercent ?? '[Not Supported]',
        details?.temperatureCelsius ?? '[N/A]',
        details?.name ?? '[N/A]',
      ].join(', '),
    )
    .map(line => `${line}\n`)
    .join('')
}

export const processRows: fc.Arbitrary<ProcessRow[]> = fc.array(
  fc.record({
    gpuUuid: uuid,
    pid: fc.integer({ min: 1, max: 4_194_304 }),
    memoryMiB: memory,
    name: processName,
  }),
  { maxLength: 6 },
)

export function printProcesses(rows: readonly ProcessRow[]): string {
  return rows
    .map(({ gpuUuid, pid, memoryMiB, name }) => `${gpuUuid}, ${pid}, ${memoryMiB ?? '[N/A]'}, ${name}\n`)
    .join('')
}

const edit = fc.record({
  at: fc.nat(),
  remove: fc.nat(3),
  insert: fc.string({ unit: fc.constantFrom(...'0189,[]-. GNA/\n\r"\x1b%'), maxLength: 3 }),
})

/** A text with some places altered: letters lost, doubled, or come from nowhere. */
export function altered(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(text, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([text, edits]) =>
    edits.reduce((text, { at, remove, insert }) => {
      const place = at % (text.length + 1)
      return text.slice(0, place) + insert + text.slice(place + remove)
    }, text),
  )
}
