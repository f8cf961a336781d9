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

/** By so much the supervisor of a `run --timeout` is quicker than its keeper. */
const SLACK_MS = 1000

/** When the keeper of a command kills it, whose supervisor is to have done that by then; null for a command without a limit. */
export function killAfter(limitMs: number | null): number | null {
  return limitMs === null ? null : limitMs + SLACK_MS
}
