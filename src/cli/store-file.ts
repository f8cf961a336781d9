import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigUnreadableError } from '../core/errors.ts'
import { storeUrlIn, storeUrlOfHost } from '../store/open.ts'
import { hostIn } from '../store/redis/url.ts'
import { errorText } from '../system/libc/library.ts'

/** No URL is longer; what is longer is something else. */
const MOST_BYTES = 1 << 16

const READ_OR_WRITTEN_BY_ALL = 0o006

/**
 * The URL that a file holds.
 *
 * @throws {ConfigUnreadableError} when it cannot be read, or by everybody
 */
export function urlInFile(path: string): string {
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
    if (/^\S+$/.test(url)) return storeUrlIn(dirname(resolve(path)), url)
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

/** The same, for the host that another URL of this store names. */
export function urlInFileLike(path: string, shownUrl: string): string {
  return storeUrlOfHost(urlInFile(path), hostIn(shownUrl))
}
