import type { Holder } from './pool.ts'
import type { Day, GpuName, ReportRow, Totals, Use } from './report.ts'

/** The part of a use that lies within the days of a report. */
export interface Part {
  readonly type: Use['type']
  readonly waitedMs: number
  readonly from: number
  readonly to: number
  readonly gpuCount: number
  /** Of its GPU time. */
  readonly unusedShare: number
}

export class Sum {
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

export interface Groups {
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
export class Users implements Groups {
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

export class Gpus implements Groups {
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

export class Days implements Groups {
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
