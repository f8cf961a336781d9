import type { ProbeOrders } from '../process/start-keeper.ts'
import { absoluteStoreUrl } from '../store/open.ts'
import type { Context } from './command.ts'
import { hostSetting } from './host-settings.ts'

/** What a keeper or an observer that this command starts has to know of it. */
export function probeOrders({ storeUrl, memoryThresholdMiB, probeTimeoutMs }: Context): ProbeOrders {
  return {
    storeUrl: absoluteStoreUrl(storeUrl),
    memoryThresholdMiB,
    probeTimeoutMs,
    idleReleaseMs: hostSetting('idleRelease'),
  }
}
