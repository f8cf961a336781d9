/**
 * Reads the CSV of `nvidia-smi --query-… --format=csv,noheader,nounits`. Strict: a line that is not a row is an error
 * message in the wrong place, and then nothing in the answer can be trusted.
 */

import type { GpuDetails } from '../core/usage.ts'

/** A line that is not what was asked for. */
export class UnreadableLineError extends Error {
  constructor(readonly line: string) {
    super(`not a row: ${line}`)
  }
}

/** The fields that `parseGpus` expects, in order. */
export const GPU_FIELDS = 'index,uuid,memory.used'

export interface GpuRow {
  readonly index: number
  /** null when the GPU cannot be read: it has fallen off the bus, say. */
  readonly uuid: string | null
  readonly memoryUsedMiB: number | null
  /** Only there when it was asked for. */
  readonly details?: GpuDetails
}

/** The fields that `parseDetailedGpus` expects, in order; the name comes last, because nothing keeps commas out of it. */
export const DETAILED_GPU_FIELDS = `${GPU_FIELDS},memory.total,utilization.gpu,temperature.gpu,name`

/** The fields that `parseProcesses` expects; the name comes last, because it may hold commas. */
export const PROCESS_FIELDS = 'gpu_uuid,pid,used_memory,process_name'

export interface ProcessRow {
  readonly gpuUuid: string
  /** null when the processes of this GPU are not told. */
  readonly pid: number | null
  readonly memoryMiB: number | null
  readonly name: string
}

const UUID = /^GPU-[\w-]+$/
/** What stands where a value does not exist or is not for us; any other `[…]` tells of a GPU that is not well. */
const NOT_TOLD = /^(N\/A|\[N\/A\]|\[Not Supported\]|\[Insufficient Permissions\])$/i

/**
 * @returns the rows in the tool's order
 * @throws {UnreadableLineError}
 */
export function parseGpus(csv: string): GpuRow[] {
  return gpusOnce(
    lines(csv).map(line => {
      const fields = line.split(',').map(field => field.trim())
      if (fields.length !== 3) throw new UnreadableLineError(line)
      return gpuRow(line, fields)
    }),
  )
}

/**
 * @returns the rows in the tool's order, with details
 * @throws {UnreadableLineError}
 */
export function parseDetailedGpus(csv: string): GpuRow[] {
  return gpusOnce(
    lines(csv).map(line => {
      const [, ...fields] = DETAILED_ROW.exec(line)?.map(field => field.trim()) ?? []
      return { ...gpuRow(line, fields), details: gpuDetails(line, fields.slice(3)) }
    }),
  )
}

const DETAILED_ROW = /^([^,]*),([^,]*),([^,]*),([^,]*),([^,]*),([^,]*),(.*)$/s

/** @throws {UnreadableLineError} */
function gpuRow(line: string, [indexText, uuid, memory]: readonly string[]): GpuRow {
  const index = wholeNumber(indexText)
  if (index === null || !uuid || !memory) throw new UnreadableLineError(line)
  const memoryUsedMiB = wholeNumber(memory)
  if (UUID.test(uuid) && (memoryUsedMiB !== null || NOT_TOLD.test(memory)))
    return { index, uuid, memoryUsedMiB }
  // A sick GPU's row says so in brackets, `[Unknown Error]`; any other text is not a row.
  const isSick = (UUID.test(uuid) || isPlaceholder(uuid)) && (memoryUsedMiB !== null || isPlaceholder(memory))
  if (isSick) return { index, uuid: null, memoryUsedMiB: null }
  throw new UnreadableLineError(line)
}

/**
 * What is not told stays unknown, for whatever reason: it says nothing about whether the GPU is well.
 *
 * @throws {UnreadableLineError}
 */
function gpuDetails(
  line: string,
  [memoryTotal, utilization, temperature, name]: readonly string[],
): GpuDetails {
  const numberIn = (field: string | undefined) => {
    const value = wholeNumber(field)
    if (value === null && !isPlaceholder(field)) throw new UnreadableLineError(line)
    return value
  }
  if (!name) throw new UnreadableLineError(line)
  return {
    name: isPlaceholder(name) ? null : name,
    memoryTotalMiB: numberIn(memoryTotal),
    utilizationPercent: numberIn(utilization),
    temperatureCelsius: numberIn(temperature),
  }
}

/** @throws {UnreadableLineError} for a GPU that is there twice */
function gpusOnce(rows: GpuRow[]): GpuRow[] {
  const twice = rows.find((row, place) => rows.findIndex(({ index }) => index === row.index) !== place)
  if (twice) throw new UnreadableLineError(`GPU ${twice.index} is listed twice`)
  return rows
}

/**
 * @returns the rows in the tool's order; one process has a row for every GPU that it uses
 * @throws {UnreadableLineError}
 */
export function parseProcesses(csv: string): ProcessRow[] {
  return lines(csv).map(line => {
    const [, gpuUuid = '', pidText, memory = '', name = ''] =
      /^([^,]*),([^,]*),([^,]*),(.*)$/s.exec(line)?.map(field => field.trim()) ?? []
    const [pid, memoryMiB] = [wholeNumber(pidText), wholeNumber(memory)]
    const pidIsReadable = pid !== null || isPlaceholder(pidText)
    const memoryIsReadable = memoryMiB !== null || isPlaceholder(memory)
    if (!UUID.test(gpuUuid) || !pidIsReadable || !memoryIsReadable) throw new UnreadableLineError(line)
    return { gpuUuid, pid, memoryMiB, name }
  })
}

/** @throws {UnreadableLineError} for a last line without its end: the answer was cut off there, and `8` may be half of `8152` */
export function lines(csv: string): string[] {
  const all = csv.split(/\r?\n/)
  const rest = all.pop() ?? ''
  if (rest.trim() !== '') throw new UnreadableLineError(rest)
  return all.filter(line => line.trim() !== '')
}

/** Whether a field holds the reason why there is no value: `[N/A]`, `[Unknown Error]`, `[GPU requires reset]`. */
export function isPlaceholder(field: string | undefined): boolean {
  return field !== undefined && /^(\[.*\]|N\/A)$/.test(field)
}

export function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : null
}
