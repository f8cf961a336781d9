import type { Store } from '../store/store.ts'
import type { Context } from './command.ts'

/** Has somebody look at GPUs that have just come free, where there are other hosts: they know only what a probe has said since. */
export async function lookForOthers(context: Context, { fleet }: Store): Promise<void> {
  if (!fleet) return
  const { startObserver } = await import('../process/start-keeper.ts')
  const { probeOrders } = await import('./keeper-orders.ts')
  startObserver(probeOrders(context))
}
