import type { Decision } from '../core/changes.ts'
import type { LogEvent, UsageRecord } from '../core/history.ts'
import type { Pool } from '../core/pool.ts'
import type { Use } from '../core/report.ts'

/** Where the pool lives. Its one hard duty is to apply a decision atomically; it holds storage, never policy. */
export interface Store {
  /** The pool as it is now, null when it was never initialized. */
  read(): Promise<Pool | null>

  /**
   * Reads the pool, lets `decide` choose, and writes what it chose, as one step that no other process can come between.
   * `decide` must be free of side effects: a store may call it again on a newer pool. What it throws comes out unchanged,
   * and nothing is written.
   */
  update<T>(decide: (pool: Pool | null) => Decision<T>): Promise<T>

  /** What the reservations that ended at or after an instant have come to, in the order in which that was written. */
  usageRecords(since: number): Promise<UsageRecord[]>

  /**
   * The pool, and what the reservations that ended at or after an instant have come to, as both are at one moment. There
   * may be very many records: each is handed to `visit`, in no order, and with no more in it than a report needs.
   */
  readWithUses(since: number, visit: (use: Use) => void): Promise<Pool | null>

  /** What has happened, oldest first: events with a number above `after`, the last `limit` of them. */
  events(range: { after: number; limit: number }): Promise<NumberedEvent[]>

  /**
   * Starts to listen for updates by any process, so that whoever waits need not ask again and again.
   * A listener that was opened before a `read` misses no update after it.
   */
  listen(): Listener

  /**
   * Does what only one process at a time should do for a pool, beside its updates.
   *
   * @returns null when another process is at it: then it is not done here
   */
  alone<T>(act: () => Promise<T>): Promise<T | null>

  /** The user who may change the pool, besides root: whoever made it; null where the store has an access control of its own. */
  administratorUid(): Promise<number | null>

  /** Lets go of files and connections. A command that is about to end need not call it. */
  close(): void
}

export interface NumberedEvent {
  /** Rises from event to event. */
  readonly number: number
  readonly event: LogEvent
}

/** Hears of updates. */
export interface Listener {
  /**
   * Waits until the pool may have changed, one of the processes has ended, or the time is over.
   *
   * @param pids processes of this host whose end matters
   * @returns false when it was only the time
   */
  wait(pids: readonly number[], timeoutMs: number): Promise<boolean>
  close(): void
}

/**
 * How long a store keeps its history, in milliseconds: with each event that is written, some of the records and events that
 * are older are forgotten, more than are written and so few that nobody notices. null: nothing is.
 */
export type HistoryMs = number | null

/** What a command is going to do with the store; only `create` ever makes one. */
export type StoreAccess = 'read' | 'write' | 'create'
