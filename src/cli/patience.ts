import { StoreRefusesError, StoreUnreachableError } from '../core/errors.ts'
import type { Store } from '../store/store.ts'
import { sleep } from '../system/libc/waiting.ts'

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

/** As much of a store as somebody in the line needs. */
export type WaitersStore = Pick<Store, 'read' | 'update' | 'listen'>

/**
 * A store for somebody who has time: while its server cannot be reached, or does nothing for anybody (a replica that is about to
 * become the primary, full memory), it is asked again, with growing pauses. So what is updated may have been done before.
 *
 * @param tell is told why nothing happens
 */
export function patient(
  store: WaitersStore,
  patience: { readonly giveUpAt: number; now(): number; tell(why: string): void },
): WaitersStore {
  async function insist<T>(act: () => Promise<T>): Promise<T> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)) {
      try {
        return await act()
      } catch (error) {
        const leftMs = patience.giveUpAt - patience.now()
        const why = whyItMayPass(error)
        if (why === null || leftMs <= 0) throw error
        patience.tell(why)
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

function whyItMayPass(error: unknown): string | null {
  if (error instanceof StoreUnreachableError) return 'the store cannot be reached'
  const isPassing = error instanceof StoreRefusesError && error.mayPass
  return isPassing ? `the store cannot be used: ${error.reason}` : null
}
