import type { Database } from 'bun:sqlite'
import { SQLiteError } from 'bun:sqlite'
import { fileSize } from '../../system/libc/files.ts'
import { BUSY_TIMEOUT_MS } from './lock.ts'

/** So much is read back in no time, and makes the two disk flushes of a checkpoint rare: one in 15 commands or so. */
const STEP = 64 * 1024

export function walPath(path: string): string {
  return `${path}-wal`
}

/**
 * Moves the -wal into the database and empties it, each time that it has grown by another step.
 *
 * SQLite's own automatic checkpoint does not do for processes that come one after the other: it lets only a connection that
 * stays open begin the -wal anew, so that it would grow for ever, and every command would read all of it first. While
 * others are reading, it cannot be emptied; then it is tried again a step later.
 *
 * @param before how long it was before the update that has just been committed
 */
export function emptyWalFrom(db: Database, path: string, before: number): void {
  if (Math.floor(fileSize(walPath(path)) / STEP) <= Math.floor(before / STEP)) return
  try {
    db.exec('PRAGMA busy_timeout = 0')
    db.query('PRAGMA wal_checkpoint(TRUNCATE)').all()
  } catch (error) {
    // The update itself is safe. What keeps the disk from taking it (it is full, say) is for the next one to say.
    if (!(error instanceof SQLiteError)) throw error
  } finally {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  }
}
