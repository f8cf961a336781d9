import { newGpu } from '../../src/core/changes.ts'
import type {
  Gpu,
  Holder,
  ManualReservation,
  Policy,
  Pool,
  ProcessIdentity,
  QueueEntry,
  RunReservation,
  Wanted,
} from '../../src/core/pool.ts'
import type { Facts, Request } from '../../src/core/reserve.ts'
import type { GpuUsage, Usage } from '../../src/core/usage.ts'

/** The present of every test of the rules. */
export const NOW = Date.UTC(2026, 0, 15, 12)

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** @param gpus how many, all never released; or for each when it was last released, or what is special about it */
export function aPool({
  gpus = 8,
  ...parts
}: Partial<Omit<Pool, 'gpus'>> & { gpus?: number | readonly (number | null | Partial<Gpu>)[] } = {}): Pool {
  const special = typeof gpus === 'number' ? new Array<null>(gpus).fill(null) : gpus
  return {
    provider: 'nvidia',
    gpus: special.map((gpu, index) => ({
      ...newGpu(index),
      ...(typeof gpu === 'number' ? { lastReleasedAt: gpu } : gpu),
    })),
    reservations: [],
    queue: [],
    observedAt: null,
    move: null,
    ...parts,
  }
}

export function aHolder(uid = 1000): Holder {
  return { uid, userName: `user${uid}` }
}

export function aProcess(pid = 4711): ProcessIdentity {
  return { bootId: 'boot-1', pidNamespace: 'pid:[1]', pid, startTicks: 100 * pid }
}

export function aRun(parts: Partial<RunReservation> = {}): RunReservation {
  return {
    id: 'run-1',
    type: 'run',
    ...aClaim,
    heartbeatAt: NOW - 5 * SECOND,
    processes: [aProcess()],
    endsAt: null,
    ...parts,
  }
}

export function aManual(parts: Partial<ManualReservation> = {}): ManualReservation {
  return { id: 'manual-1', type: 'manual', ...aClaim, expiresAt: NOW + HOUR, idleWarnedAt: null, ...parts }
}

const aClaim = {
  holder: aHolder(),
  alias: null,
  note: null,
  gpus: [0],
  reservedAt: NOW - HOUR,
  waitedMs: 0,
  unusedGpuMs: 0,
}

/** A request that waits for one GPU, and nobody knows for how long it will have it. */
export function anEntry(parts: Partial<QueueEntry> = {}): QueueEntry {
  return {
    id: 'waiting-1',
    type: 'run',
    holder: aHolder(),
    alias: null,
    note: null,
    wanted: anyGpus(1),
    queuedAt: NOW - MINUTE,
    heartbeatAt: NOW - 5 * SECOND,
    durationMs: null,
    process: aProcess(),
    ...parts,
  }
}

/** Some GPUs, whichever they are. */
export function anyGpus(count: number, policy: Policy = 'lru'): Wanted {
  return { count, gpuIds: null, policy }
}

/** These very GPUs. */
export function exactly(...gpuIds: number[]): Wanted {
  return { count: gpuIds.length, gpuIds, policy: 'lru' }
}

/** A request for a manual reservation of one GPU for an hour that does not wait, unless told otherwise. */
export function aRequest(parts: Partial<Request> = {}): Request {
  return {
    id: 'new',
    holder: aHolder(),
    alias: null,
    note: null,
    wanted: anyGpus(1),
    until: { durationMs: HOUR },
    waiter: null,
    ...parts,
  }
}

/** A host where all of the GPUs of `aPool()` are idle and every process runs. */
export function someFacts(parts: Partial<Facts> = {}): Facts {
  return { usage: idle(8), memoryThresholdMiB: 100, sightings: new Map(), now: NOW, ...parts }
}

/** A GPU with some memory used and a process for each pid. */
export function busy(memoryUsedMiB: number | null, ...pids: number[]): GpuUsage {
  return {
    memoryUsedMiB,
    processes: pids.map(pid => ({ pid, name: '/usr/bin/python3', memoryMiB: null })),
  }
}

/** What the tool says of each GPU, from 0; null for one that it does not report. */
export function usageOf(...gpus: readonly (GpuUsage | null)[]): Usage {
  const reported = gpus.flatMap((gpu, index): [number, GpuUsage][] => (gpu ? [[index, gpu]] : []))
  return { tool: 'nvidia-smi', gpus: new Map(reported) }
}

export function idle(count: number): Usage {
  return usageOf(...Array.from({ length: count }, () => busy(0)))
}
