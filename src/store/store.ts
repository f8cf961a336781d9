import type { Decision, Pool } from '../core/pool.ts'

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

  /** The user who may make the pool anew (besides root), null where the store has an access control of its own. */
  ownerUid(): Promise<number | null>

  /** Lets go of files and connections. A command that is about to end need not call it. */
  close(): void
}

/** What a command is going to do with the store; only `create` ever makes one. */
export type StoreAccess = 'read' | 'write' | 'create'
