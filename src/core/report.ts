import { type Sightings, settle } from './expire.ts'
import type { UsageRecord } from './history.ts'
import type { Holder, Pool } from './pool.ts'
import { Days, Gpus, type Part, Sum, Users } from './report-groups.ts'

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

const GROUPINGS = ['user', 'gpu', 'day'] as const
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
