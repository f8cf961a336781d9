import type { SQLiteError } from 'bun:sqlite'
import { StoreBusyError, StoreDamagedError, StoreFailedError, type UserError } from '../../core/errors.ts'
import { isDirectory } from '../../system/libc/files.ts'
import { bytesOf } from '../../system/text.ts'
import { LOCK_TIMEOUT_SECONDS, lockPath } from './lock.ts'
import { findLockingProcess } from './locking-process.ts'

/** What SQLite's result code means to the person at the terminal; sqlite.org/rescode.html. Null for a code that is a bug of ours. */
export function storeFailure(error: SQLiteError, path: string, action: 'read' | 'write'): UserError | null {
  const code = error.code ?? ''
  const failed = (reason: string, next: string) => new StoreFailedError(path, action, reason, next)
  if (/^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code)) return storeBusy(path)
  if (isDirectory(bytesOf(path)))
    return failed(
      'it is a directory',
      `name a file in it: --store sqlite:${path.replace(/\/*$/, '/pool.db')}`,
    )
  const lacksSchema = code === 'SQLITE_ERROR' && /^no such (table|column)/.test(error.message)
  if (lacksSchema || /^SQLITE_(CORRUPT|NOTADB)/.test(code)) return new StoreDamagedError(path, error.message)
  if (code === 'SQLITE_FULL') return failed('the disk is full', 'free some space and try again')
  if (code.startsWith('SQLITE_IOERR'))
    return failed(`disk I/O error (${code})`, 'check the disk (full? failing?) and try again')
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)/.test(code))
    return failed(
      `it is read-only or not accessible (${code})`,
      'check its permissions and whether its file system is mounted read-only',
    )
  return null
}

/** Somebody has had the lock for all the time that a command waits. */
export function storeBusy(path: string): StoreBusyError {
  // Whoever stands first in the line is only waiting, too, while somebody has the database itself.
  const lockedBy = findLockingProcess([path, `${path}-shm`, lockPath(path)])
  return new StoreBusyError(path, LOCK_TIMEOUT_SECONDS * 1000, lockedBy)
}
