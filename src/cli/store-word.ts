import { absoluteStoreUrl, DEFAULT_STORE_URL } from '../store/open.ts'
import { shellWord } from './output/shell-word.ts'

/** A store as somebody else can type it, wherever they stand; null for the usual one, which nobody needs to name. */
export function storeWord(storeUrl: string): string | null {
  const url = absoluteStoreUrl(storeUrl)
  return url === DEFAULT_STORE_URL ? null : shellWord(url)
}
