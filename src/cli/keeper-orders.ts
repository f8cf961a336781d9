import type { ProbeOrders } from '../process/start-keeper.ts'
import { absoluteStoreUrl } from '../store/open.ts'
import type { Context } from './command.ts'

/** What a keeper or an observer that this command starts has to know of it. */
export function probeOrders({
  storeUrl,
  memoryThresholdMiB,
  probeTimeoutMs,
  settings,
}: Context): ProbeOrders {
  return {
    storeUrl: absoluteStoreUrl(storeUrl),
    memoryThresholdMiB,
    probeTimeoutMs,
    idleReleaseMs: settings.idleRelease,
  }
}
