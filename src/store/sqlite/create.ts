import { Database, SQLiteError } from 'bun:sqlite'
import { chmodSync, closeSync, existsSync, linkSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { StoreAccessError, StoreFailedError } from '../../core/errors.ts'
import { errorText } from '../../system/libc/library.ts'
import { lockExclusively } from '../../system/libc/locks.ts'
import { storeBusy, storeFailure } from './failure.ts'
import { LOCK_TIMEOUT_SECONDS, lockPath } from './lock.ts'
import { createSchema } from './schema.ts'

/** Every user of the host reads and writes the pool; the directory, which is not theirs, keeps it from being deleted. */
const FOR_EVERYBODY = 0o666

/**
 * Makes an empty pool file that every local user can use and, in a directory of the caller's, nobody else can delete.
 * Does nothing when there is one.
 *
 * The file appears whole, by link(2), so one that is empty or half written is damage and never a beginning. SQLite would
 * create -wal and -shm for the user who comes first, with 0644, so they are made here, too.
 *
 * @throws {StoreAccessError} when the caller may not create it
 */
export function createPoolFile(path: string): void {
  if (existsSync(path)) return
  try {
    makeDirectories(dirname(path))
    withCreationLock(path, () => {
      if (!existsSync(path)) createFiles(path)
    })
  } catch (error) {
    throw creationFailure(error, path)
  }
}

/** Makes the directories that are missing, for all to enter, whatever the umask; those that are there stay as they are. */
function makeDirectories(directory: string): void {
  const first = mkdirSync(directory, { recursive: true })
  if (first === undefined) return
  for (let made = directory; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o755)
}

/** Two administrators at once: the second waits and finds the file made. */
function withCreationLock(path: string, create: () => void): void {
  const fd = openSync(lockPath(path), 'a+')
  try {
    chmodSync(lockPath(path), FOR_EVERYBODY)
    if (!lockExclusively(fd, LOCK_TIMEOUT_SECONDS)) throw storeBusy(path)
    create()
  } finally {
    closeSync(fd)
  }
}

function createFiles(path: string): void {
  const draft = `${path}-new`
  const remove = () => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(draft + suffix, { force: true })
  }
  remove()
  try {
    const db = new Database(draft, { readwrite: true, create: true })
    db.exec('PRAGMA page_size = 1024; PRAGMA journal_mode = WAL')
    createSchema(db, path)
    // Closing would do this, too, but without a word when the disk is full, and half a database would be linked into place.
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
    chmodSync(draft, FOR_EVERYBODY)
    for (const suffix of ['-wal', '-shm']) {
      // Left by a pool that somebody deleted, a -wal would be replayed into the new one, and whoever has the old one open
      // still writes to it.
      rmSync(path + suffix, { force: true })
      closeSync(openSync(path + suffix, 'w'))
      chmodSync(path + suffix, FOR_EVERYBODY)
    }
    linkSync(draft, path)
  } finally {
    remove()
  }
}

function creationFailure(error: unknown, path: string): unknown {
  if (error instanceof SQLiteError) return storeFailure(error, path, 'write') ?? error
  const { code, errno, syscall } = error as { code?: string; errno?: number; syscall?: string }
  const reason = errorText(Math.abs(errno ?? 0))
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new StoreAccessError(path, 'permission denied')
    case 'EROFS':
      return new StoreAccessError(path, 'its file system is read-only')
    case 'ENOTDIR':
    case 'EEXIST':
      if (syscall === 'link') return new StoreAccessError(path, 'a link that leads nowhere is in its place')
      return new StoreAccessError(path, `${dirname(path)} is not a directory`)
    case 'ENOSPC':
    case 'EDQUOT':
      return new StoreFailedError(path, 'write', 'the disk is full', 'free some space and try again')
    case 'EIO':
      return new StoreFailedError(path, 'write', reason, 'check the disk and try again')
    default:
      // Whatever else the system refuses, it refuses the path: a name too long, a directory that /proc does not make.
      return syscall === undefined ? error : new StoreAccessError(path, reason)
  }
}
