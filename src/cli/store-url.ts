import { ConfigUnreadableError, UsageError } from '../core/errors.ts'
import { absoluteStoreUrl, isRedis, shownStoreUrl, storeUrlOfHost } from '../store/open.ts'
import { hostIn } from '../store/redis/url.ts'
import { errorText } from '../system/libc.ts'

/** What the options say of the store. */
export interface StoreChoice {
  readonly store: string
  readonly storeFile: string | null
  readonly host: string | null
}

/** No URL is longer; what is longer is something else. */
const MOST_BYTES = 1 << 16

const READ_OR_WRITTEN_BY_ALL = 0o006

/**
 * The URL of the store that is chosen, with the host whose pool is meant where several share it.
 *
 * @param isTyped whether the URL stands on the command line
 * @throws {UsageError} for a password there, which everybody could read in the list of processes
 * @throws {ConfigUnreadableError}
 */
export function chosenStoreUrl({ store, storeFile, host }: StoreChoice, isTyped: boolean): string {
  if (isTyped && storeFile === null && shownStoreUrl(store) !== store) {
    throw new UsageError(
      'A password on the command line can be read by everybody on this host. Put the URL into the variable CANHAZGPU_STORE, ' +
        'or into a file of your own and use --store-file FILE',
    )
  }
  return storeUrlOfHost(storeFile === null ? store : urlInFile(storeFile), host)
}

/**
 * The URL that a file holds.
 *
 * @throws {ConfigUnreadableError} when it cannot be read, or by everybody
 */
export function urlInFile(path: string): string {
  // Loaded only where there is such a file.
  const { closeSync, fstatSync, openSync, readFileSync } = require('node:fs') as typeof import('node:fs')
  let fd = -1
  try {
    fd = openSync(path, 'r')
    const { mode, size } = fstatSync(fd)
    if ((mode & READ_OR_WRITTEN_BY_ALL) !== 0)
      throw new ConfigUnreadableError(
        path,
        'everybody on this host may read or write it, and it is for a password',
        `Use: chmod o-rw ${path}`,
      )
    if (size > MOST_BYTES) throw new ConfigUnreadableError(path, 'it is larger than 64 KiB', 'Check its name')
    const url = readFileSync(fd, 'utf8').trim()
    if (/^\S+$/.test(url)) return url
    throw new ConfigUnreadableError(
      path,
      'it does not hold the URL of a store, and nothing else',
      'Write redis://USER:PASSWORD@SERVER:6379/0 into it',
    )
  } catch (error) {
    const { errno } = error as { errno?: number }
    if (errno === undefined) throw error
    throw new ConfigUnreadableError(path, errorText(Math.abs(errno)), 'Check the name, and who may read it')
  } finally {
    if (fd >= 0) closeSync(fd)
  }
}

/** How a program that is started is told of the store: what everybody may read, and what goes into its environment. */
export function handedOn(
  url: string,
  { storeFile }: Pick<StoreChoice, 'storeFile'>,
): { storeUrl: string; storeEnvironment: Readonly<Record<string, string>> } {
  const storeUrl = shownStoreUrl(absoluteStoreUrl(url))
  if (!isRedis(url)) return { storeUrl, storeEnvironment: {} }
  // From a file it is read each time, so that a keeper of days knows the password that holds by then.
  if (storeFile !== null) return { storeUrl, storeEnvironment: { CANHAZGPU_STORE_FILE: absolute(storeFile) } }
  return { storeUrl, storeEnvironment: storeUrl === url ? {} : { CANHAZGPU_STORE: url } }
}

/** The way back: the whole URL, in the program that was started. @throws {ConfigUnreadableError} */
export function wholeStoreUrl({
  storeUrl,
  storeEnvironment,
}: {
  storeUrl: string
  storeEnvironment: Readonly<Record<string, string>>
}): string {
  const { CANHAZGPU_STORE: url, CANHAZGPU_STORE_FILE: file } = storeEnvironment
  if (file !== undefined) return storeUrlOfHost(urlInFile(file), hostIn(storeUrl))
  return url ?? storeUrl
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : `${process.cwd()}/${path}`
}
