import type { UsageRecord } from './history.ts'
import type { Pool } from './pool.ts'
import type { Usage } from './usage.ts'

/** One host of a fleet, as the store that all of them share knows it. */
export interface HostPool {
  readonly host: string
  readonly pool: Pool
  /**
   * What that host's clock says now, in milliseconds since 1970: its time at its last sign, and what has passed since by the
   * clock of the store. The clocks of hosts may differ by minutes, so everything about a host is measured against this one.
   */
  readonly now: number
  /** How long ago the last sign of the host is, in milliseconds, by the clock of the store. */
  readonly lastSignAgoMs: number
  /** What a probe on that host last said, and how long ago; null where none has left anything. */
  readonly probed: { readonly usage: Usage; readonly agoMs: number } | null
}

/** A usage record, and the host that it is about. */
export interface HostRecord {
  readonly host: string
  readonly record: UsageRecord
}

/** Whether a text can be the name of a host: so plain that it means the same in a shell, a URL, a key and on a terminal. */
export function isHostName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(text)
}
