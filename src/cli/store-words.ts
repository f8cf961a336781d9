import { DEFAULT_STORE_URL, hostOfStoreUrl } from '../store/open.ts'
import type { Context } from './command.ts'
import { shellWord } from './output/shell-word.ts'

/**
 * A store as somebody else can type it, wherever they stand: `--store sqlite:/srv/gpu/pool.db`; a file with a password by its
 * name, since without the password the URL would let nobody in. Null for the usual store, which nobody needs to name.
 */
export function storeWords({ storeUrl, storeEnvironment }: Context['storeForOthers']): string | null {
  const { CANHAZGPU_STORE_FILE: file } = storeEnvironment
  if (file !== undefined)
    return `--store-file ${shellWord(file)} --host ${shellWord(hostOfStoreUrl(storeUrl) ?? '')}`
  return storeUrl === DEFAULT_STORE_URL ? null : `--store ${shellWord(storeUrl)}`
}
