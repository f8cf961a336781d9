import { UsageError } from '../core/errors.ts'
import { isThere, isWritable } from '../system/libc/files.ts'
import type { PoolExamination } from './sqlite/examine.ts'
import { SqliteStore } from './sqlite/sqlite-store.ts'
import type { HistoryMs, Store, StoreAccess } from './store.ts'

export const DEFAULT_STORE_URL = 'sqlite:/var/lib/canhazgpu/pool.db'

/**
 * Opens the store that a URL names: `sqlite:PATH`, relative paths from the current directory.
 *
 * @throws {UsageError} when the URL names no store
 */
export async function openStore(
  url: string,
  access: StoreAccess,
  historyMs: HistoryMs = null,
): Promise<Store> {
  return SqliteStore.open(absolutePath(sqlitePath(url)), access, historyMs)
}

/**
 * What the store that a URL names is made of, without opening it.
 *
 * @throws {UsageError} when the URL names no store
 */
export async function examineStore(url: string): Promise<PoolExamination> {
  const { examinePool } = await import('./sqlite/examine.ts')
  return examinePool(absolutePath(sqlitePath(url)))
}

/** A URL that stands in a file of this directory: a relative path counts from there, and not from wherever somebody stands. */
export function storeUrlIn(directory: string, url: string): string {
  const path = /^sqlite:(?!\/)(.+)$/s.exec(url)?.[1]
  return path === undefined ? url : `sqlite:${directory.replace(/\/*$/, '')}/${path}`
}

/** The URL with an absolute path, for a process that will stand in another directory. */
export function absoluteStoreUrl(url: string): string {
  return `sqlite:${absolutePath(sqlitePath(url))}`
}

/**
 * Whether the caller could put another store in the place of this one. Who can do that decides for all who use it; where there
 * is no place yet, nobody else uses it.
 */
export function mayReplace(url: string): boolean {
  const directory = absolutePath(sqlitePath(url)).replace(/\/[^/]*$/, '') || '/'
  return !isThere(directory) || isWritable(directory)
}

function sqlitePath(url: string): string {
  const path = /^sqlite:(.+)$/s.exec(url)?.[1]
  if (path) return path
  const hint = `Use sqlite:PATH, for example --store ${DEFAULT_STORE_URL}`
  if (/^rediss?(\+unix)?:/.test(url)) throw new UsageError(`Redis stores are not built yet. ${hint}`)
  throw new UsageError(`Invalid store: "${url}". ${hint}`)
}

function absolutePath(path: string): string {
  return path.startsWith('/') ? path : `${process.cwd()}/${path}`
}
