import { constants, Database, SQLiteError } from 'bun:sqlite'
import { constants as access, accessSync, type Stats, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { UserError } from '../../core/errors.ts'
import { storeFailure } from './failure.ts'
import { lockPath } from './lock.ts'
import { KNOWN_VERSION, versionOf } from './schema.ts'

/** A file or directory that a pool consists of, as it is. */
export interface PoolFile {
  readonly path: string
  readonly role: 'ancestor' | 'directory' | 'database' | 'wal' | 'shm' | 'lock'
  /** `missing`, or why it cannot be looked at; null when it is there. */
  readonly problem: string | null
  readonly uid: number
  /** The permission bits, with set-uid and sticky. */
  readonly mode: number
}

/** What a pool is made of. */
export interface PoolExamination {
  readonly kind?: 'files'
  readonly path: string
  /** From the root down to its directory, then its files. */
  readonly files: readonly PoolFile[]
  /** Why nobody can write to it, whatever its permissions: its file system is so. */
  readonly unwritable: 'read-only' | 'full' | null
  /** Its schema and the one that this program knows; why it cannot be told; or null when nobody has looked. */
  readonly schema: { readonly version: number; readonly known: number } | UserError | null
}

/**
 * Looks at the files of a pool and changes none: also not in the ways in which opening it does, which migrates it, and
 * makes -wal and -shm where they are missing.
 */
export function examinePool(path: string): PoolExamination {
  const files = [
    ...ancestorsOf(dirname(path)).map(ancestor => look(ancestor, 'ancestor')),
    look(dirname(path), 'directory'),
    look(path, 'database'),
    look(`${path}-wal`, 'wal'),
    look(`${path}-shm`, 'shm'),
    look(lockPath(path), 'lock'),
  ]
  const isWhole = files.every(
    ({ role, problem }) => problem === null || role === 'lock' || role === 'ancestor',
  )
  return { path, files, unwritable: unwritable(path), schema: isWhole ? schemaOf(path) : null }
}

/** An update of a pool needs some pages in its -wal. */
const SOME_PAGES = 64 * 1024

function unwritable(path: string): 'read-only' | 'full' | null {
  try {
    accessSync(path, access.W_OK)
    // What only root may still use is of no help to the others; some file systems tell no sizes.
    const { blocks, bavail, bsize } = statfsSync(dirname(path))
    return blocks > 0 && bavail * bsize < SOME_PAGES ? 'full' : null
  } catch (error) {
    // Missing files and permissions are looked at one by one.
    return (error as { code?: string }).code === 'EROFS' ? 'read-only' : null
  }
}

function ancestorsOf(directory: string): string[] {
  const parent = dirname(directory)
  return parent === directory ? [] : [...ancestorsOf(parent), parent]
}

function look(path: string, role: PoolFile['role']): PoolFile {
  let stat: Stats
  try {
    stat = statSync(path)
  } catch (error) {
    const { code = 'unknown error' } = error as { code?: string }
    return { path, role, problem: code === 'ENOENT' ? 'missing' : code, uid: 0, mode: 0 }
  }
  return { path, role, problem: null, uid: stat.uid, mode: stat.mode & 0o7777 }
}

function schemaOf(path: string): PoolExamination['schema'] {
  try {
    // Never closed: the connection that closes last tidies up. The process is about to end.
    const db = new Database(path, { readonly: true })
    db.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1)
    return { version: versionOf(db, path), known: KNOWN_VERSION }
  } catch (error) {
    if (error instanceof UserError) return error
    const failure = error instanceof SQLiteError ? storeFailure(error, path, 'read') : null
    if (failure) return failure
    throw error
  }
}
