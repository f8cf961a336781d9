import type {
  Holder,
  ManualReservation,
  Pool,
  ProcessIdentity,
  Reservation,
  RunReservation,
} from '../../src/core/pool.ts'
import type { Facts, Request } from '../../src/core/reserve.ts'
import type { GpuUsage, Usage } from '../../src/core/usage.ts'

/** The present of every test of the rules. */
export const NOW = Date.UTC(2026, 0, 15, 12)

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** @param gpus how many, all never released; or for each when it was last released */
export function aPool({
  gpus = 8,
  reservations = [],
  provider = 'nvidia',
}: {
  gpus?: number | readonly (number | null)[]
  reservations?: readonly Reservation[]
  provider?: Pool['provider']
} = {}): Pool {
  const releases = typeof gpus === 'number' ? new Array<null>(gpus).fill(null) : gpus
  return {
    provider,
    gpus: releases.map((lastReleasedAt, index) => ({ index, lastReleasedAt })),
    reservations,
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
    holder: aHolder(),
    gpus: [0],
    reservedAt: NOW - HOUR,
    heartbeatAt: NOW - 5 * SECOND,
    process: aProcess(),
    ...parts,
  }
}

export function aManual(parts: Partial<ManualReservation> = {}): ManualReservation {
  return {
    id: 'manual-1',
    type: 'manual',
    holder: aHolder(),
    gpus: [0],
    reservedAt: NOW - HOUR,
    expiresAt: NOW + HOUR,
    ...parts,
  }
}

/** A request for a manual reservation of an hour, unless told otherwise. */
export function aRequest(parts: Partial<Request> = {}): Request {
  return { id: 'new', holder: aHolder(), count: 1, until: { durationMs: HOUR }, ...parts }
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
