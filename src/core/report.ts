import { type Sightings, settle } from './expire.ts'
import type { UsageRecord } from './history.ts'
import type { Holder, Pool } from './pool.ts'

/** What a reservation has come to, or so far: as much of a usage record as a report needs. */
export type Use = Pick<
  UsageRecord,
  'type' | 'holder' | 'alias' | 'gpus' | 'reservedAt' | 'endedAt' | 'waitedMs' | 'unusedGpuMs'
> & {
  /** Where it was, in a report about several hosts. */
  readonly host?: string
}

/** A GPU, and where there are several hosts, whose it is. */
export interface GpuName {
  readonly host: string | null
  readonly index: number
}

/** A day as people here know it: from its first instant to the first of the next; not all of them have 24 hours. */
export interface Day {
  /** `2026-11-24` */
  readonly date: string
  readonly from: number
  readonly to: number
}

export const GROUPINGS = ['user', 'gpu', 'day'] as const
export type Grouping = (typeof GROUPINGS)[number]

/** What some reservations come to together. */
export interface Totals {
  readonly gpuMs: number
  /** The part of it in which the GPUs were observed to be unused. */
  readonly unusedGpuMs: number
  readonly runs: number
  readonly manual: number
  /** Summed over the reservations. */
  readonly waitedMs: number
  readonly longestWaitMs: number
}

export type ReportRow = Totals &
  (
    | { readonly by: 'user'; readonly holder: Holder; readonly alias: string | null }
    | ({ readonly by: 'gpu' } & GpuName)
    | { readonly by: 'day'; readonly date: string }
  )

export interface Report {
  readonly by: Grouping
  readonly from: number
  readonly to: number
  /** Every reservation once, whatever the rows are. */
  readonly total: Totals
  /** Users by their GPU hours, most first; GPUs and days ascending, those without any use, too. */
  readonly rows: readonly ReportRow[]
}

/** Takes uses one by one, since there may be 100,000 of them, and makes a report of them. */
export interface Reporter {
  add(use: Use): void
  report(): Report
}

/**
 * Sums up the use of GPUs in some days.
 *
 * Of a use that reaches beyond them only the part within counts: of its GPU time, and as much of its unused time, of which
 * nobody knows when it was. It counts as a reservation, with its wait, for its user, for each of its GPUs, and on the day
 * on which it began, or the first of these days when it began before.
 *
 * @param days ascending, each beginning where the one before ends; at least one
 * @param gpus the GPUs that are shown in any case
 */
export function reporter(by: Grouping, days: readonly Day[], gpus: readonly GpuName[]): Reporter {
  const [from, to] = [days[0]?.from ?? 0, days.at(-1)?.to ?? 0]
  const total = new Sum()
  const groups = { user: new Users(), gpu: new Gpus(gpus), day: new Days(days) }[by]
  return {
    add(use) {
      const { reservedAt, endedAt, waitedMs, unusedGpuMs, type } = use
      // One that took no time at all is there, too.
      if (reservedAt >= to || (endedAt <= from && reservedAt < from)) return
      const wholeGpuMs = (endedAt - reservedAt) * use.gpus.length
      const part: Part = {
        type,
        waitedMs,
        from: Math.max(reservedAt, from),
        to: Math.min(endedAt, to),
        gpuCount: use.gpus.length,
        unusedShare: wholeGpuMs > 0 ? Math.min(1, unusedGpuMs / wholeGpuMs) : 0,
      }
      total.addTime(part, part.from, part.to, part.gpuCount)
      total.count(part)
      groups.add(use, part)
    },
    report: () => ({ by, from, to, total: total.totals(), rows: groups.rows() }),
  }
}

/**
 * What the reservations in the pool have come to so far: those that go on until now, and those that are over but that
 * nobody has written down yet.
 */
export function usesInPool(pool: Pool, sightings: Sightings, now: number): Use[] {
  const settled = settle(pool, sightings, now)
  return [
    ...settled.changes.flatMap(change => (change.kind === 'record' ? [change.record] : [])),
    // A clock that was set back does not make a use of less than no time.
    ...settled.pool.reservations.map(held => ({ ...held, endedAt: Math.max(held.reservedAt, now) })),
  ]
}

/** The part of a use that lies within the days of a report. */
interface Part {
  readonly type: Use['type']
  readonly waitedMs: number
  readonly from: number
  readonly to: number
  readonly gpuCount: number
  /** Of its GPU time. */
  readonly unusedShare: number
}

class Sum {
  private gpuMs = 0
  private unusedGpuMs = 0
  private runs = 0
  private manual = 0
  private waitedMs = 0
  private longestWaitMs = 0

  addTime({ unusedShare }: Part, from: number, to: number, gpuCount: number): void {
    const gpuMs = (to - from) * gpuCount
    this.gpuMs += gpuMs
    this.unusedGpuMs += gpuMs * unusedShare
  }

  count({ type, waitedMs }: Part): void {
    if (type === 'run') this.runs++
    else this.manual++
    this.waitedMs += waitedMs
    this.longestWaitMs = Math.max(this.longestWaitMs, waitedMs)
  }

  totals(): Totals {
    const { gpuMs, runs, manual, waitedMs, longestWaitMs } = this
    return { gpuMs, unusedGpuMs: Math.round(this.unusedGpuMs), runs, manual, waitedMs, longestWaitMs }
  }
}

interface Groups {
  add(use: Use, part: Part): void
  rows(): ReportRow[]
}

interface User {
  readonly alias: string | null
  readonly sum: Sum
  holder: Holder
  lastAt: number
}

/**
 * A user is a uid, and on a shared account the person behind it; the name is the one that was used last. Where there are
 * several hosts, the same uid may be another's on another one, and only with the same name it is the same user.
 */
class Users implements Groups {
  private readonly users = new Map<number | string, Map<string | null, User>>()

  add({ holder, alias, endedAt, host }: Use, part: Part): void {
    const key = host === undefined ? holder.uid : `${holder.uid} ${holder.userName}`
    const aliases = entryOf(this.users, key, () => new Map<string | null, User>())
    const user = entryOf(aliases, alias, () => ({ alias, sum: new Sum(), holder, lastAt: endedAt }))
    if (endedAt > user.lastAt) {
      user.holder = holder
      user.lastAt = endedAt
    }
    user.sum.addTime(part, part.from, part.to, part.gpuCount)
    user.sum.count(part)
  }

  rows(): ReportRow[] {
    return [...this.users.values()]
      .flatMap(aliases => [...aliases.values()])
      .map(({ holder, alias, sum }) => ({ by: 'user' as const, holder, alias, ...sum.totals() }))
      .sort(
        (a, b) =>
          b.gpuMs - a.gpuMs || a.holder.uid - b.holder.uid || ((a.alias ?? '') < (b.alias ?? '') ? -1 : 1),
      )
  }
}

class Gpus implements Groups {
  private readonly hosts = new Map<string | null, Map<number, Sum>>()

  constructor(gpus: readonly GpuName[]) {
    for (const gpu of gpus) this.sumOf(gpu)
  }

  add(use: Use, part: Part): void {
    const host = use.host ?? null
    for (const index of use.gpus) {
      const sum = this.sumOf({ host, index })
      sum.addTime(part, part.from, part.to, 1)
      sum.count(part)
    }
  }

  rows(): ReportRow[] {
    return [...this.hosts]
      .sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1))
      .flatMap(([host, sums]) =>
        [...sums]
          .sort(([a], [b]) => a - b)
          .map(([index, sum]) => ({ by: 'gpu' as const, host, index, ...sum.totals() })),
      )
  }

  private sumOf({ host, index }: GpuName): Sum {
    const sums = entryOf(this.hosts, host, () => new Map<number, Sum>())
    return entryOf(sums, index, () => new Sum())
  }
}

class Days implements Groups {
  private readonly days: readonly (Day & { readonly sum: Sum })[]

  constructor(days: readonly Day[]) {
    this.days = days.map(day => ({ ...day, sum: new Sum() }))
  }

  add(_use: Use, part: Part): void {
    let place = this.placeOf(part.from)
    this.days[place]?.sum.count(part)
    for (let day = this.days[place]; day && day.from < part.to; ) {
      day.sum.addTime(part, Math.max(part.from, day.from), Math.min(part.to, day.to), part.gpuCount)
      day = this.days[++place]
    }
  }

  rows(): ReportRow[] {
    return this.days.map(({ date, sum }) => ({ by: 'day', date, ...sum.totals() }))
  }

  /** The last day that begins at or before an instant, found by halving. */
  private placeOf(at: number): number {
    let [low, high] = [0, this.days.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.days[middle]?.from ?? 0) <= at) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** What a map has under a key; made when nothing is there yet. */
function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
