import type { Reservation } from '../core/pool.ts'
import { startKeeper } from '../process/start-keeper.ts'
import { terminalPath } from '../system/terminal.ts'
import type { Context } from './command.ts'
import { probeOrders } from './keeper-orders.ts'

const [STDIN, STDERR] = [0, 2]

/**
 * What leaves a keeper behind that keeps the holder of a manual reservation informed; on a terminal only, since elsewhere there
 * is nobody to inform.
 */
export function informer(context: Context): (reservation: Reservation) => void {
  const [warnBeforeMs, orders] = [context.settings.expiryWarning, probeOrders(context)]
  const terminal = terminalPath(STDERR) ?? terminalPath(STDIN)
  const isOff = warnBeforeMs === null && orders.idleReleaseMs === null
  if (terminal === null || isOff) return () => {}
  return ({ id, gpus }) =>
    startKeeper({
      ...orders,
      reservationId: id,
      gpus,
      task: { type: 'manual', terminal, warnBeforeMs },
    })
}
