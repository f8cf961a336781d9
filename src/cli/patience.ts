import { StoreUnreachableError } from '../core/errors.ts'
import type { Store } from '../store/store.ts'
import { sleep } from '../system/libc/waiting.ts'

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

/** As much of a store as somebody in the line needs. */
export type WaitersStore = Pick<Store, 'read' | 'update' | 'listen'>

/**
 * A store for somebody who has time: while its server cannot be reached it is asked again, with growing pauses. So what is
 * updated may have been done before.
 *
 * @param tell is told that it cannot be reached
 */
export function patient(
  store: WaitersStore,
  patience: { readonly giveUpAt: number; now(): number; tell(): void },
): WaitersStore {
  async function insist<T>(act: () => Promise<T>): Promise<T> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)) {
      try {
        return await act()
      } catch (error) {
        const leftMs = patience.giveUpAt - patience.now()
        if (!(error instanceof StoreUnreachableError) || leftMs <= 0) throw error
        patience.tell()
        sleep(Math.min(pauseMs, leftMs))
      }
    }
  }
  return {
    read: () => insist(() => store.read()),
    update: decide => insist(() => store.update(decide)),
    listen: () => insist(() => store.listen()),
  }
}
