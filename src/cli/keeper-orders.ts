import type { ProbeOrders } from '../process/start-keeper.ts'
import type { Context } from './command.ts'

/** What a keeper or an observer that this command starts has to know of it. */
export function probeOrders({
  storeForOthers,
  memoryThresholdMiB,
  probeTimeoutMs,
  settings,
}: Context): ProbeOrders {
  return {
    ...storeForOthers,
    memoryThresholdMiB,
    probeTimeoutMs,
    idleReleaseMs: settings.idleRelease,
  }
}
