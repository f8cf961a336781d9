import { absoluteStoreUrl, DEFAULT_STORE_URL, shownStoreUrl } from '../store/open.ts'
import { shellWord } from './output/shell-word.ts'

/** A store as somebody else can type it, without a password, wherever they stand; null for the usual one, which nobody needs to name. */
export function storeWord(storeUrl: string): string | null {
  const url = shownStoreUrl(absoluteStoreUrl(storeUrl))
  return url === DEFAULT_STORE_URL ? null : shellWord(url)
}
