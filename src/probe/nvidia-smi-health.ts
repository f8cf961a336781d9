import { ProbeFailedError } from '../core/errors.ts'
import { NvidiaSmiProbe } from './nvidia-smi.ts'
import { isPlaceholder, lines, UnreadableLineError, wholeNumber } from './nvidia-smi-csv.ts'

/** What nvidia-smi tells of the driver and of how GPUs are set up; null for what it does not tell. */
export interface DriverHealth {
  readonly driverVersion: string | null
  /** In the tool's order. */
  readonly gpus: readonly GpuSetUp[]
}

export interface GpuSetUp {
  readonly index: number
  readonly persistenceMode: boolean | null
  readonly mig: boolean | null
  /** `00000000:3B:00.0` */
  readonly busId: string | null
}

const SET_UP_FIELDS = 'index,driver_version,persistence_mode,pci.bus_id'
/** Asked for apart: a tool that is older than MIG refuses the whole question. */
const MIG_FIELDS = 'index,mig.mode.current'

/** @throws {ProbeFailedError} when the tool gave no answer that can be trusted */
export async function driverHealth(timeoutMs: number): Promise<DriverHealth> {
  const probe = new NvidiaSmiProbe(timeoutMs)
  const abandoned = new AbortController()
  try {
    const [rows, mig] = await Promise.all([
      probe.query(`--query-gpu=${SET_UP_FIELDS}`, csv => rowsOf(csv, 4), abandoned.signal),
      probe.query(`--query-gpu=${MIG_FIELDS}`, csv => rowsOf(csv, 2), abandoned.signal).catch(unknownField),
    ])
    const migByIndex = new Map(mig.map(([index, mode]) => [index, isEnabled(mode)]))
    return {
      driverVersion: rows.map(([, version]) => told(version)).find(version => version !== null) ?? null,
      gpus: rows.map(([index, , persistenceMode, busId]) => ({
        index: wholeNumber(index) ?? 0,
        persistenceMode: isEnabled(persistenceMode),
        mig: migByIndex.get(index) ?? null,
        busId: told(busId)?.toUpperCase() ?? null,
      })),
    }
  } finally {
    abandoned.abort()
  }
}

/** Rows of so many fields that begin with an index. @throws {UnreadableLineError} */
function rowsOf(csv: string, fieldCount: number): string[][] {
  return lines(csv).map(line => {
    const fields = line.split(',').map(field => field.trim())
    if (fields.length !== fieldCount || wholeNumber(fields[0]) === null) throw new UnreadableLineError(line)
    return fields
  })
}

function unknownField(error: unknown): string[][] {
  if (error instanceof ProbeFailedError && error.problem.includes('not a valid field')) return []
  throw error
}

function isEnabled(mode: string | undefined): boolean | null {
  return mode === 'Enabled' ? true : mode === 'Disabled' ? false : null
}

function told(field: string | undefined): string | null {
  return field && !isPlaceholder(field) ? field : null
}
