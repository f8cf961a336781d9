import type { LogEvent, UsageRecord } from '../../core/history.ts'
import type { Pool } from '../../core/pool.ts'
import type { GpuUsage } from '../../core/usage.ts'

/**
 * What is on a server may be anything: all who use it can write there. What does not have the shape of what canhazgpu writes is
 * refused where it is read, so that the rules never meet it. Fields that nobody knows yet are let pass.
 */
type Shape = (value: unknown) => boolean

/** The last instant that a date can tell, in milliseconds; ECMA-262, Time Values. */
const LAST_INSTANT = 8.64e15

const text: Shape = value => typeof value === 'string'
const number: Shape = value => typeof value === 'number'
const instant: Shape = value => typeof value === 'number' && Math.abs(value) <= LAST_INSTANT
const index: Shape = value => Number.isInteger(value) && (value as number) >= 0
const or =
  (other: null | undefined, shape: Shape): Shape =>
  value =>
    value === other || shape(value)
const one =
  (...choices: readonly string[]): Shape =>
  value =>
    choices.includes(value as string)
const list =
  (shape: Shape): Shape =>
  value =>
    Array.isArray(value) && value.every(shape)

function fields(shapes: Readonly<Record<string, Shape>>): Shape {
  const entries = Object.entries(shapes)
  return value => {
    if (typeof value !== 'object' || value === null) return false
    const object = value as Readonly<Record<string, unknown>>
    return entries.every(([key, shape]) => shape(object[key]))
  }
}

const holder = fields({ uid: number, userName: text })
const process = fields({ bootId: text, pidNamespace: text, pid: number, startTicks: number })
const drain = fields({ at: instant, by: holder, note: or(null, text) })
const gpu = fields({
  index,
  lastReleasedAt: or(null, instant),
  lastHolderUid: or(null, number),
  unusedSince: or(null, instant),
  drain: or(null, drain),
})

const labels = { alias: or(null, text), note: or(null, text) }
const claim = {
  ...labels,
  ...{ id: text, holder, gpus: list(index), reservedAt: instant, waitedMs: number, unusedGpuMs: number },
}
const run = fields({
  ...claim,
  ...{ type: one('run'), processes: list(process), heartbeatAt: instant, endsAt: or(null, instant) },
})
const manual = fields({
  ...claim,
  ...{ type: one('manual'), expiresAt: instant, idleWarnedAt: or(null, instant) },
})
const wanted = fields({ count: index, gpuIds: or(null, list(index)), policy: text })
const entry = fields({
  ...labels,
  ...{ id: text, type: one('run', 'manual'), holder, wanted, queuedAt: instant, heartbeatAt: instant },
  ...{ durationMs: or(null, number), process },
})
const move = fields({ id: text, state: one('arriving', 'leaving', 'left'), other: text })
const pool = fields({
  provider: one('nvidia', 'fake'),
  gpus: list(gpu),
  reservations: list(value => run(value) || manual(value)),
  queue: list(entry),
  observedAt: or(null, instant),
  move: or(null, move),
})

const details = fields({
  ...{ name: or(null, text), memoryTotalMiB: or(null, number) },
  ...{ utilizationPercent: or(null, number), temperatureCelsius: or(null, number) },
})
const seenProcess = fields({
  ...{ pid: number, name: text, memoryMiB: or(null, number) },
  userName: or(undefined, or(null, text)),
})
const seenGpu = fields({
  memoryUsedMiB: or(null, number),
  processes: list(seenProcess),
  details: or(undefined, details),
})
const left = fields({
  tool: text,
  gpus: list(pair => Array.isArray(pair) && index(pair[0]) && seenGpu(pair[1])),
  tookMs: number,
})

const record = fields({ ...claim, type: one('run', 'manual'), endedAt: instant, ending: text })
const event = fields({
  ...labels,
  ...{ at: instant, kind: text, holder, id: or(null, text), gpus: list(index), by: or(null, holder) },
})

/** What a probe on a host has said, as it is left for others. */
export interface LeftUsage {
  readonly tool: string
  readonly gpus: readonly (readonly [number, GpuUsage])[]
  readonly tookMs: number
}

export const isPool = (value: unknown): value is Pool => pool(value)
export const isLeftUsage = (value: unknown): value is LeftUsage => left(value)
export const isUsageRecord = (value: unknown): value is UsageRecord => record(value)
export const isLogEvent = (value: unknown): value is LogEvent => event(value)
