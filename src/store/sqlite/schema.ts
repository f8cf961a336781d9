import type { Database } from 'bun:sqlite'
import { StoreDamagedError, StoreTooNewError } from '../../core/errors.ts'
import pool from './migrations/0001-pool.sql' with { type: 'text' }
import queueAndHistory from './migrations/0002-queue-and-history.sql' with { type: 'text' }
import move from './migrations/0003-move.sql' with { type: 'text' }

/** In order; the number of a migration is its place, from 1, and `PRAGMA user_version` counts those that were applied. */
const MIGRATIONS: readonly string[] = [pool, queueAndHistory, move]

/** The version of the schema that this program knows. */
export const KNOWN_VERSION = MIGRATIONS.length

/** The number that marks a SQLite file as ours: "chzg" in ASCII. */
const APPLICATION_ID = 0x63687a67

/**
 * Makes sure that a database has the schema that this program knows, applying the migrations that it lacks.
 *
 * @throws {StoreTooNewError} when a newer program has migrated it further
 * @throws {StoreDamagedError} when it is not one of our databases
 */
export function ensureSchema(db: Database, path: string): void {
  if (versionOf(db, path) === MIGRATIONS.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have migrated while this one waited for the lock.
    for (const migration of MIGRATIONS.slice(versionOf(db, path))) db.exec(migration)
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`)
    db.exec('COMMIT')
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** Marks a new, empty database as ours and gives it the schema. */
export function createSchema(db: Database, path: string): void {
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
  ensureSchema(db, path)
}

/** Whether the schema is older than this program's, so that it takes a writer to read it. */
export function needsMigration(db: Database, path: string): boolean {
  return versionOf(db, path) < MIGRATIONS.length
}

/**
 * The version of a database's schema.
 *
 * @throws {StoreTooNewError}
 * @throws {StoreDamagedError} when it is not one of our databases
 */
export function versionOf(db: Database, path: string): number {
  const row = db.query('SELECT application_id, user_version FROM pragma_application_id, pragma_user_version')
  const { application_id: applicationId, user_version: version } = row.get() as {
    application_id: number
    user_version: number
  }
  if (applicationId !== APPLICATION_ID) throw new StoreDamagedError(path, 'not a canhazgpu pool')
  if (version < 0) throw new StoreDamagedError(path, `schema ${version} does not exist`)
  if (version > MIGRATIONS.length) throw new StoreTooNewError(path, version, MIGRATIONS.length)
  return version
}
