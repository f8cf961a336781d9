import type { Decision } from '../core/changes.ts'
import type { HostPool, HostRecord } from '../core/fleet.ts'
import type { LogEvent, UsageRecord } from '../core/history.ts'
import type { Pool, RunReservation } from '../core/pool.ts'
import type { Use } from '../core/report.ts'
import type { Life } from '../core/restore.ts'
import type { Usage } from '../core/usage.ts'

/** Where the pool lives. Its one hard duty is to apply a decision atomically; it holds storage, never policy. */
export interface Store {
  /** The pool as it is now, null when it was never initialized. */
  read(): Promise<Pool | null>

  /**
   * Reads the pool, lets `decide` choose, and writes what it chose, as one step that no other process can come between.
   * `decide` must be free of side effects: a store may call it again on a newer pool. What it throws comes out unchanged,
   * and nothing is written.
   *
   * Where all that is stored can be lost without anybody here knowing of it, `decide` is told of which life the pool is, too.
   */
  update<T>(decide: (pool: Pool | null, life: Life | null) => Decision<T>): Promise<T>

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
   * A listener that was there before a `read` misses no update after it.
   */
  listen(): Promise<Listener>

  /**
   * Does what only one process at a time should do for a pool, beside its updates.
   *
   * @returns null when another process is at it: then it is not done here
   */
  alone<T>(act: () => Promise<T>): Promise<T | null>

  /** The user who may change the pool, besides root: whoever made it; null where the store has an access control of its own. */
  administratorUid(): Promise<number | null>

  /** The hosts that share this store; null where a store holds the pool of one host alone. */
  readonly fleet: Fleet | null

  /** Lets go of files and connections. A command that is about to end need not call it. */
  close(): void
}

/** What a store that several hosts share knows of all of them. */
export interface Fleet {
  /** The host whose pool the store gives. */
  readonly host: string

  /** Whether that host is this machine. If not, what is seen here of processes and GPUs says nothing about its pool. */
  isHere(): Promise<boolean>

  /** Every host with a pool, by name, in one round trip. */
  hosts(): Promise<HostPool[]>

  /**
   * Leaves what a probe on this host has just said, for the others to see; nothing where the pool is another machine's.
   *
   * @param askedAt when it began to look: from then on its answer counts its age
   */
  leave(usage: Usage, now: number, askedAt?: number): Promise<void>

  /** The usage records of some hosts that ended at or after an instant, in no order. */
  usageRecords(hosts: readonly string[], since: number): Promise<HostRecord[]>

  /** What has happened on some hosts, oldest first by the clock of the store: the last `limit` events. */
  events(
    hosts: readonly string[],
    limit: number,
  ): Promise<{ readonly host: string; readonly event: LogEvent }[]>
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

/** Tells which runs live on this host by what can be seen here, whether a store knows of them or not. */
export type Survivors = () => readonly RunReservation[]

/** What a command is going to do with the store; only `create` ever makes one. */
export type StoreAccess = 'read' | 'write' | 'create'
