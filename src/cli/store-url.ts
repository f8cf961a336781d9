import { UsageError } from '../core/errors.ts'
import {
  absolutePath,
  absoluteStoreUrl,
  hasPassword,
  isRedis,
  shownStoreUrl,
  storeUrlOfHost,
} from '../store/open.ts'

/** What the options say of the store. */
export interface StoreChoice {
  readonly store: string
  readonly storeFile: string | null
  readonly host: string | null
}

/**
 * The URL of the store that is chosen, with the host whose pool is meant where several share it.
 *
 * @param isTyped whether the URL stands on the command line
 * @throws {UsageError} for a password there, which everybody could read in the list of processes
 * @throws {ConfigUnreadableError}
 */
export function chosenStoreUrl({ store, storeFile, host }: StoreChoice, isTyped: boolean): string {
  if (isTyped && storeFile === null && hasPassword(store)) {
    throw new UsageError(
      'A password on the command line can be read by everybody on this host. Put the URL into the variable CANHAZGPU_STORE, ' +
        'or into a file of your own and use --store-file FILE',
    )
  }
  return storeUrlOfHost(storeFile === null ? store : files().urlInFile(storeFile), host)
}

/** How a program that is started is told of the store: what everybody may read, and what goes into its environment. */
export function handedOn(
  url: string,
  { storeFile }: Pick<StoreChoice, 'storeFile'>,
): { storeUrl: string; storeEnvironment: Readonly<Record<string, string>> } {
  // Whoever is started stands in another directory.
  const whole = absoluteStoreUrl(url)
  const storeUrl = shownStoreUrl(whole)
  if (!isRedis(url)) return { storeUrl, storeEnvironment: {} }
  // From a file it is read each time, so that a keeper of days knows the password that holds by then.
  if (storeFile !== null)
    return { storeUrl, storeEnvironment: { CANHAZGPU_STORE_FILE: absolutePath(storeFile) } }
  return { storeUrl, storeEnvironment: storeUrl === whole ? {} : { CANHAZGPU_STORE: whole } }
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
  return file === undefined ? (url ?? storeUrl) : files().urlInFileLike(file, storeUrl)
}

/** What reads files with URLs: loaded where there is one. */
function files() {
  return require('./store-file.ts') as typeof import('./store-file.ts')
}
