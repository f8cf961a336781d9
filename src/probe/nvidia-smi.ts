import { ProbeFailedError } from '../core/errors.ts'
import type { GpuProcess, GpuUsage, Usage } from '../core/usage.ts'
import { runTool, type ToolRun } from '../system/spawn.ts'
import {
  DETAILED_GPU_FIELDS,
  GPU_FIELDS,
  type GpuRow,
  PROCESS_FIELDS,
  type ProcessRow,
  parseDetailedGpus,
  parseGpus,
  parseProcesses,
  UnreadableLineError,
} from './nvidia-smi-csv.ts'
import type { Probe, Question } from './probe.ts'

export const NVIDIA_SMI = 'nvidia-smi'

/** Asks nvidia-smi on PATH. */
export class NvidiaSmiProbe implements Probe {
  private asking: AbortController | null = null

  constructor(private readonly timeoutMs: number) {}

  async usage({ details = false, abandoned: byCaller }: Question = {}): Promise<Usage> {
    const abandoned = new AbortController()
    this.asking = abandoned
    byCaller?.addEventListener('abort', () => abandoned.abort(), { signal: abandoned.signal })
    try {
      // Both at the same time: on large hosts each takes seconds.
      const [gpus, processes] = await Promise.all([
        details
          ? this.query(`--query-gpu=${DETAILED_GPU_FIELDS}`, parseDetailedGpus, abandoned.signal)
          : this.query(`--query-gpu=${GPU_FIELDS}`, parseGpus, abandoned.signal),
        this.query(`--query-compute-apps=${PROCESS_FIELDS}`, parseProcesses, abandoned.signal),
      ])
      return { tool: NVIDIA_SMI, gpus: joinUsage(gpus, processes) }
    } finally {
      // When one has failed, the other must not stay behind: hung tools would pile up, two with every command.
      abandoned.abort()
    }
  }

  /** Ends what is being asked. */
  abandon(): void {
    this.asking?.abort()
  }

  async gpuCount(): Promise<number> {
    return (await this.query(`--query-gpu=${GPU_FIELDS}`, parseGpus, new AbortController().signal)).length
  }

  /**
   * Asks one question.
   *
   * @param query `--query-gpu=…`
   * @param parse reads the answer, and throws an UnreadableLineError for one that is none
   * @throws {ProbeFailedError}
   */
  async query<T>(query: string, parse: (csv: string) => T[], abandoned: AbortSignal): Promise<T[]> {
    const run = await runTool([NVIDIA_SMI, query, '--format=csv,noheader,nounits'], this.timeoutMs, abandoned)
    if (run.kind !== 'exited' || run.status !== 0) {
      throw new ProbeFailedError(NVIDIA_SMI, this.problemOf(run), nextAfter(run))
    }
    try {
      return parse(run.stdout)
    } catch (error) {
      if (!(error instanceof UnreadableLineError)) throw error
      throw new ProbeFailedError(NVIDIA_SMI, `gave an answer that cannot be read: ${shortened(error.line)}`)
    }
  }

  private problemOf(run: ToolRun): string {
    switch (run.kind) {
      case 'not-found':
        return 'was not found on PATH'
      case 'not-started':
        return `could not be started: ${shortened(run.reason)}`
      case 'timed-out':
        return `did not answer within ${this.timeoutMs / 1000}s`
      case 'killed':
        return `was killed by ${run.signal}`
      case 'exited': {
        // nvidia-smi prints its errors on stdout.
        const said = `${run.stdout}\n${run.stderr}`.split('\n').find(line => line.trim() !== '')
        return `failed (exit status ${run.status})${said ? `: ${shortened(said)}` : ''}`
      }
    }
  }
}

/** What to do about a run that failed; undefined for what is always good to do: to look what the tool says. */
export function nextAfter({ kind }: Pick<ToolRun, 'kind'>): string | undefined {
  switch (kind) {
    case 'not-found':
      return 'Install the NVIDIA driver, or put the directory of its tools on PATH'
    case 'timed-out':
      return `Give it longer with --probe-timeout, and run '${NVIDIA_SMI}' to see whether it answers at all`
    default:
      return undefined
  }
}

/**
 * Puts processes to their GPUs. A GPU that cannot be read, or whose processes are not told, is left out, and so are
 * processes on a GPU that has no row: nothing is claimed about either.
 */
function joinUsage(gpus: readonly GpuRow[], processes: readonly ProcessRow[]): Map<number, GpuUsage> {
  const byUuid = Map.groupBy(processes, ({ gpuUuid }) => gpuUuid)
  return new Map(
    gpus.flatMap(({ index, uuid, memoryUsedMiB, details }): [number, GpuUsage][] => {
      if (uuid === null) return []
      const rows = byUuid.get(uuid) ?? []
      const onThisGpu = rows.flatMap(({ pid, name, memoryMiB }): GpuProcess[] =>
        pid === null ? [] : [{ pid, name, memoryMiB }],
      )
      if (onThisGpu.length < rows.length) return []
      return [[index, { memoryUsedMiB, processes: onThisGpu, ...(details ? { details } : {}) }]]
    }),
  )
}

/** The tool's words, at a length that leaves an error one line. */
function shortened(text: string): string {
  const trimmed = text.trim().replace(/\.$/, '')
  return trimmed.length > 200 ? `${trimmed.slice(0, 200)}…` : trimmed
}
