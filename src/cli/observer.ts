import { isProbeDue, tendIdle } from '../core/idle.ts'
import { openProbe } from '../probe/probe.ts'
import { sightAll } from '../process/identity.ts'
import { parseProbeOrders } from '../process/start-keeper.ts'
import { openStore } from '../store/open.ts'
import { initialized } from './context.ts'
import { haveComeFree } from './fleet/came-free.ts'
import { leaveUsage } from './fleet/leave.ts'
import { wholeStoreUrl } from './store-url.ts'

/** GPUs that come free while it looks are looked at again: those who were to do that have left it to this one. */
const MOST_LOOKS = 3

/**
 * The hidden command that keepers and waiters send: looks at the hardware and records what is there, warns and releases idle
 * holders, and ends. Of several that are sent at once one looks. What goes wrong is nobody's business: another comes in a minute.
 */
export async function runObserver(words: readonly string[]): Promise<number> {
  const orders = parseProbeOrders(words)
  const { memoryThresholdMiB, probeTimeoutMs, idleReleaseMs } = orders
  const store = await openStore(wholeStoreUrl(orders), 'write')
  await store.alone(async () => {
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      const pool = initialized(await store.read())
      // Another may just have been here.
      const isDue = isProbeDue(pool, { sightings: sightAll(pool), idleReleaseMs, now: Date.now() })
      if (!isDue && !(store.fleet && (await haveComeFree(store.fleet)))) return
      const askedAt = Date.now()
      const usage = await openProbe(pool.provider, probeTimeoutMs).usage()
      await store.update(stored => {
        const present = initialized(stored)
        const facts = { usage, memoryThresholdMiB, sightings: sightAll(present), now: Date.now() }
        return tendIdle(present, facts, idleReleaseMs)
      })
      await leaveUsage(store, usage, { pool, now: Date.now(), askedAt })
    }
  })
  return 0
}
