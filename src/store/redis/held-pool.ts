import { StoreGarbledError, StoreTooNewError } from '../../core/errors.ts'
import type { Pool } from '../../core/pool.ts'
import type { Life } from '../../core/restore.ts'
import type { Machine } from './machine.ts'
import type { Reply } from './reply.ts'
import { isPool } from './shapes.ts'

/** A host's pool as the server keeps it. */
export interface HeldPool {
  /** '' where there is no pool. */
  readonly revision: string
  readonly pool: Pool | null
  /** Null where there is no pool. */
  readonly life: Life | null
  readonly machine: Machine | null
}

/** What the fields of a pool's hash are, in the order in which scripts and readPool ask for them. */
export const FIELDS = ['schema', 'revision', 'pool', 'life', 'machine']

/** The version of all that is kept for a host. Whoever changes a shape counts on, and reads the ones before. */
export const SCHEMA = 1

const NO_POOL: HeldPool = { revision: '', pool: null, life: null, machine: null }

/**
 * Reads the fields of a pool's hash.
 *
 * @param at the key and the server, for an error
 * @throws {StoreTooNewError} when a newer program has written them
 * @throws {StoreGarbledError} when they hold what canhazgpu has never written
 */
export function heldPool(fields: Reply, at: { key: string; shown: string }): HeldPool {
  const [schema, revision, pool, life, machine] = Array.isArray(fields) ? (fields as readonly Reply[]) : []
  if (revision === null && pool === null) return NO_POOL
  const version = /^\d{1,9}$/.test(String(schema)) ? Number(schema) : 0
  if (version > SCHEMA) throw new StoreTooNewError(at.shown, version, SCHEMA)
  const garbled = (reason: string) => new StoreGarbledError(at.shown, at.key, reason)
  // The script counts in doubles: a larger one would stay what it is, and commits would overwrite each other.
  const isCount = typeof revision === 'string' && /^\d+$/.test(revision) && Number(revision) < 2 ** 53 - 1
  if (!isCount) throw garbled('its revision is no number')
  if (version === 0) throw garbled('its schema is no number')
  try {
    const held = {
      revision,
      pool: JSON.parse(String(pool)) as Pool,
      life: JSON.parse(String(life)) as Life,
      machine: JSON.parse(String(machine)) as Machine,
    }
    if (isPool(held.pool) && typeof held.life.id === 'string' && typeof held.machine.bootId === 'string')
      return held
  } catch {
    // Not JSON, or not an object.
  }
  throw garbled('what it holds is no pool')
}
