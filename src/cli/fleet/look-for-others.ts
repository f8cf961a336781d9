import { startObserver } from '../../process/start-keeper.ts'
import type { Context } from '../command.ts'
import { probeOrders } from '../keeper-orders.ts'

/** Has somebody look at GPUs that have just come free: other hosts know only what a probe has said since. */
export function lookForOthers(context: Context): void {
  startObserver(probeOrders(context))
}
