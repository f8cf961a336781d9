import { constants, Database, SQLiteError } from 'bun:sqlite'
import type { Decision } from '../../core/changes.ts'
import type { UsageRecord } from '../../core/history.ts'
import type { Pool } from '../../core/pool.ts'
import type { Use } from '../../core/report.ts'
import { fileSize, isMissing } from '../../system/libc/files.ts'
import type { HistoryMs, Listener, NumberedEvent, Store, StoreAccess } from '../store.ts'
import { forgetSome } from './forget.ts'
import { SqliteListener } from './listener.ts'
import { alone, BUSY_TIMEOUT_MS, inLine } from './lock.ts'
import { type PoolRow, poolFromRows, type QueueRow, SELECT_POOL, SELECT_QUEUE } from './rows.ts'
import { ensureSchema, needsMigration } from './schema.ts'
import { emptyWalFrom, walPath } from './wal.ts'
import { writeChange } from './write.ts'

/**
 * A pool in one SQLite file, shared by all users of a host.
 *
 * What goes wrong, or is needed once in a pool's life, is loaded when it happens: see `import(` below.
 */
export class SqliteStore implements Store {
  readonly fleet = null

  /** @param db null when there is no file: a pool that was never initialized */
  private constructor(
    private readonly path: string,
    private readonly db: Database | null,
    private readonly historyMs: HistoryMs,
  ) {}

  static async open(path: string, access: StoreAccess, historyMs: HistoryMs = null): Promise<SqliteStore> {
    if (access === 'create') {
      const { createPoolFile } = await import('./create.ts')
      createPoolFile(path)
    }
    return explained(path, access === 'read' ? 'read' : 'write', () => {
      const db = connect(path, access)
      if (!db) return new SqliteStore(path, null, historyMs)
      if (access !== 'read') ensureSchema(db, path)
      else if (needsMigration(db, path)) {
        db.close()
        return SqliteStore.open(path, 'write', historyMs)
      }
      return new SqliteStore(path, db, historyMs)
    })
  }

  async read(): Promise<Pool | null> {
    // In one transaction, so that both queries see the pool as it was at one moment.
    return explained(this.path, 'read', () => this.db?.transaction(() => this.load())() ?? null)
  }

  async update<T>(decide: (pool: Pool | null, life: null) => Decision<T>): Promise<T> {
    const { db, path } = this
    if (!db) {
      const { changes, result } = decide(null, null)
      if (changes.length > 0) throw new Error(`changes decided for ${path}, which does not exist`)
      return result
    }
    return explained(path, 'write', () => inLine(path, () => this.transact(db, decide)))
  }

  async usageRecords(since: number): Promise<UsageRecord[]> {
    const { selectUsageRecords } = await import('./history.ts')
    return explained(this.path, 'read', () => (this.db ? selectUsageRecords(this.db, since) : []))
  }

  async readWithUses(since: number, visit: (use: Use) => void): Promise<Pool | null> {
    const { db, path } = this
    if (!db) return null
    const { visitUses } = await import('./history.ts')
    return explained(path, 'read', () =>
      db.transaction(() => {
        visitUses(db, since, visit)
        return this.load()
      })(),
    )
  }

  async events(range: { after: number; limit: number }): Promise<NumberedEvent[]> {
    const { selectEvents } = await import('./history.ts')
    return explained(this.path, 'read', () => (this.db ? selectEvents(this.db, range) : []))
  }

  async listen(): Promise<Listener> {
    return new SqliteListener(this.path)
  }

  alone<T>(act: () => Promise<T>): Promise<T | null> {
    return alone(this.path, act)
  }

  async administratorUid(): Promise<number | null> {
    const { statSync } = await import('node:fs')
    return statSync(this.path, { throwIfNoEntry: false })?.uid ?? null
  }

  close(): void {
    this.db?.close()
  }

  private transact<T>(db: Database, decide: (pool: Pool | null, life: null) => Decision<T>): T {
    db.exec('BEGIN IMMEDIATE')
    try {
      const walSize = fileSize(walPath(this.path))
      const { changes, result } = decide(this.load(), null)
      for (const change of changes) writeChange(db, change)
      const event = changes.findLast(change => change.kind === 'log')?.event
      if (event && this.historyMs !== null) forgetSome(db, event.at - this.historyMs)
      db.exec('COMMIT')
      emptyWalFrom(db, this.path, walSize)
      return result
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK')
      throw error
    }
  }

  private load(): Pool | null {
    if (!this.db) return null
    const queue = this.db.query<QueueRow, []>(SELECT_QUEUE).all()
    return poolFromRows(this.db.query<PoolRow, []>(SELECT_POOL).all(), queue)
  }
}

/** Opens a connection, or null when there is no file. */
function connect(path: string, access: StoreAccess): Database | null {
  const open = () =>
    new Database(path, access === 'read' ? { readonly: true } : { readwrite: true, create: false })
  let db: Database
  try {
    db = open()
  } catch (error) {
    if (!(error instanceof SQLiteError) || error.code !== 'SQLITE_CANTOPEN') throw error
    if (isMissing(path)) return null
    // Perhaps it was made just now, between the two looks.
    db = open()
  }
  // Without it the connection that closes last deletes the -wal, and the next user's would not be writable for others.
  db.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1)
  // NORMAL: a power failure may lose the last reservations, but never damages the pool; a crash of a process loses nothing.
  // The -wal is emptied by emptyWalFrom instead of SQLite itself.
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  if (access !== 'read') db.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0')
  return db
}

/** Turns SQLite's result codes into words for people. */
async function explained<T>(path: string, action: 'read' | 'write', act: () => T | Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof SQLiteError)) throw error
    const { storeFailure } = await import('./failure.ts')
    throw storeFailure(error, path, action) ?? error
  }
}
