import { UsageError } from '../core/errors.ts'
import { isThere, isWritable } from '../system/libc/files.ts'
import type { ServerExamination } from './redis/examine.ts'
import type { PoolExamination } from './sqlite/examine.ts'
import { SqliteStore } from './sqlite/sqlite-store.ts'
import type { HistoryMs, Store, StoreAccess, Survivors } from './store.ts'

export const DEFAULT_STORE_URL = 'sqlite:/var/lib/canhazgpu/pool.db'

export interface StoreOptions {
  readonly historyMs?: HistoryMs
  /** For a server, which may come back with old data; null leaves it to others to look after that. */
  readonly survivors?: Survivors | null
}

/**
 * Opens the store that a URL names: `sqlite:PATH`, relative paths from the current directory; or a Redis server, see
 * redis/url.ts.
 *
 * @throws {UsageError} when the URL names no store
 */
export async function openStore(
  url: string,
  access: StoreAccess,
  { historyMs = null, survivors = null }: StoreOptions = {},
): Promise<Store> {
  if (isRedis(url)) {
    const { RedisStore } = await import('./redis/redis-store.ts')
    return RedisStore.open(url, { historyMs, survivors })
  }
  return SqliteStore.open(absolutePath(sqlitePath(url)), access, historyMs)
}

/**
 * What the store that a URL names is made of, without opening it.
 *
 * @throws {UsageError} when the URL names no store
 */
export async function examineStore(url: string): Promise<PoolExamination | ServerExamination> {
  if (isRedis(url)) {
    const { examineServer } = await import('./redis/examine.ts')
    return examineServer(url)
  }
  const { examinePool } = await import('./sqlite/examine.ts')
  return examinePool(absolutePath(sqlitePath(url)))
}

/** A URL that stands in a file of this directory: a relative path counts from there, and not from wherever somebody stands. */
export function storeUrlIn(directory: string, url: string): string {
  if (isRedis(url)) return serverUrls().withFilesIn(directory, url)
  const path = /^sqlite:(?!\/)(.+)$/s.exec(url)?.[1]
  return path === undefined ? url : `sqlite:${directory.replace(/\/*$/, '')}/${path}`
}

/** The URL with an absolute path, for a process that will stand in another directory. */
export function absoluteStoreUrl(url: string): string {
  if (isRedis(url)) return storeUrlIn(process.cwd(), url)
  return `sqlite:${absolutePath(sqlitePath(url))}`
}

/**
 * Whether the caller could put another store in the place of this one. Who can do that decides for all who use it; where there
 * is no place yet, nobody else uses it.
 */
export function mayReplace(url: string): boolean {
  if (isRedis(url)) return process.getuid?.() === 0
  const directory = absolutePath(sqlitePath(url)).replace(/\/[^/]*$/, '') || '/'
  return !isThere(directory) || isWritable(directory)
}

function sqlitePath(url: string): string {
  const path = /^sqlite:(.+)$/s.exec(url)?.[1]
  if (path) return path
  throw new UsageError(
    `Invalid store: "${serverUrls().withoutPassword(url)}". Use sqlite:PATH, for example --store ${DEFAULT_STORE_URL}, or redis://SERVER`,
  )
}

/** A path as a process in another directory can use it. */
export function absolutePath(path: string): string {
  return path.startsWith('/') ? path : `${process.cwd()}/${path}`
}

/** Whether the pool is on a server, and not in a file. */
export function isRedis(url: string): boolean {
  return /^rediss?(\+unix)?:/.test(url)
}

/** The URL as everybody may read it: without a password. */
export function shownStoreUrl(url: string): string {
  return url.startsWith('sqlite:') ? url : serverUrls().withoutPassword(url)
}

/** Whether a URL, if it is one, holds a password. */
export function hasPassword(url: string): boolean {
  return isRedis(url) && serverUrls().hasPassword(url)
}

/**
 * The URL of a host's pool, where several hosts share the store.
 *
 * @param host null for the one that the URL names, else this one
 * @throws {UsageError} when the name cannot be a host's
 */
export function storeUrlOfHost(url: string, host: string | null): string {
  return isRedis(url) ? serverUrls().ofHost(url, host) : url
}

/** The host whose pool a URL names, null where a store has one pool only. */
export function hostOfStoreUrl(url: string): string | null {
  return isRedis(url) ? serverUrls().hostIn(url) : null
}

/** Whether two URLs of servers name the same host's pool, whoever logs in. */
export function isSameStore(one: string, other: string): boolean {
  return isRedis(one) && isRedis(other) && serverUrls().isSamePlace(one, other)
}

/** What reads the URLs of servers: loaded where there is one. */
function serverUrls() {
  return require('./redis/url.ts') as typeof import('./redis/url.ts')
}
