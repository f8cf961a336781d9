import type { PoolThen } from './outdated.ts'
import type { Pool } from './pool.ts'

/** What the probe saw on the hardware. */
export interface Usage {
  /** The tool that said so, as people know it: `nvidia-smi`. */
  readonly tool: string
  /** By GPU index. A GPU that is missing was not reported or could not be read: nothing is known about it. */
  readonly gpus: ReadonlyMap<number, GpuUsage>
  /** Missing where the answer is only to be shown. */
  readonly poolThen?: PoolThen
}

export interface GpuUsage {
  /** null when the hardware does not tell (unified memory, say). */
  readonly memoryUsedMiB: number | null
  readonly processes: readonly GpuProcess[]
  /** Only there when it was asked for. */
  readonly details?: GpuDetails
}

/** What a GPU is, and how it fares; null for what the tool does not tell. No rule looks at it. */
export interface GpuDetails {
  /** The model: `NVIDIA H100 80GB HBM3`. */
  readonly name: string | null
  readonly memoryTotalMiB: number | null
  readonly utilizationPercent: number | null
  readonly temperatureCelsius: number | null
}

export interface GpuProcess {
  readonly pid: number
  /** As the tool gives it; it may hold any characters. */
  readonly name: string
  readonly memoryMiB: number | null
  /** Whose it is, where that was found out for those who cannot look themselves; null when nobody could tell. */
  readonly userName?: string | null
}

/** A GPU that nobody uses. */
export const IDLE: GpuUsage = { memoryUsedMiB: 0, processes: [] }

/** What a probe would see if nobody used anything: the best that a request can hope for. Never a reason to hand out a GPU. */
export function idleUsage({ gpus }: Pool): Usage {
  return { tool: 'nobody', gpus: new Map(gpus.map(({ index }) => [index, IDLE])) }
}

/** The memory that an idle GPU may show as used (the driver's own), in MiB; the specification's default. */
export const DEFAULT_MEMORY_THRESHOLD_MIB = 100

/**
 * Whether somebody computes on a GPU: a compute process is listed, or more memory is used than the threshold.
 * Where the memory is unknown the processes decide.
 */
export function isInUse(gpu: GpuUsage, memoryThresholdMiB: number): boolean {
  return gpu.processes.length > 0 || (memoryInUseMiB(gpu) ?? 0) > memoryThresholdMiB
}

/** The memory used on a GPU: its own count, else the sum over its processes, else null. */
export function memoryInUseMiB(gpu: GpuUsage): number | null {
  if (gpu.memoryUsedMiB !== null) return gpu.memoryUsedMiB
  const known = gpu.processes.flatMap(({ memoryMiB }) => (memoryMiB === null ? [] : [memoryMiB]))
  return known.length > 0 ? known.reduce((sum, mib) => sum + mib, 0) : null
}
