import { constants, Database } from 'bun:sqlite'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../src/store/open.ts'
import type { StoreAccess } from '../../src/store/store.ts'
import { aManual } from './pools.ts'

/** A pool of 8 GPUs with one reservation, whole in its file: nothing is left in the -wal. */
export async function makePool(path: string): Promise<void> {
  const store = await openStore(`sqlite:${path}`, 'create')
  await store.update(() => ({
    changes: [
      { kind: 'initialize', provider: 'fake', gpuCount: 8 },
      { kind: 'add', reservation: aManual({ id: 'first', gpus: [7] }) },
    ],
    result: undefined,
  }))
  store.close()
  // The -wal keeps what was copied from it, and would hide damage to the file.
  changeBehindItsBack(path)
}

/** Changes a database as any SQLite tool may, and leaves all of it in the one file. */
export function changeBehindItsBack(path: string, sql?: string): void {
  using db = new Database(path, { readwrite: true, create: true })
  db.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1)
  if (sql) db.exec(sql)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
}

/** Opens, reads and (unless opened to read) writes a pool, as a command does. */
export async function useStore(path: string, access: StoreAccess): Promise<void> {
  const store = await openStore(`sqlite:${path}`, access)
  try {
    await store.read()
    if (access !== 'read') {
      await store.update(() => ({
        changes: [{ kind: 'initialize', provider: 'nvidia', gpuCount: 4 }],
        result: undefined,
      }))
    }
  } finally {
    store.close()
  }
}

/** The ids of the reservations in a pool, null when there is no pool. */
export async function reservationIds(path: string): Promise<string[] | null> {
  const store = await openStore(`sqlite:${path}`, 'read')
  try {
    const pool = await store.read()
    return pool?.reservations.map(({ id }) => id).sort() ?? null
  } finally {
    store.close()
  }
}

/** The permissions of a file or directory: `0755`. */
export function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8).padStart(4, '0')
}

/** The files of a directory, and what is in them. */
export function contentsOf(directory: string): Map<string, string> {
  return new Map(
    readdirSync(directory)
      .sort()
      .map(name => [
        name,
        statSync(join(directory, name)).isFile()
          ? readFileSync(join(directory, name), 'base64')
          : 'directory',
      ]),
  )
}
