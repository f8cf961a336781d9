import { poolQueue } from '../../core/queue.ts'
import type { Context } from '../command.ts'
import { plainLine } from '../output/colour.ts'
import { queueLine } from '../output/queue-line.ts'
import { viewFleet } from './open-fleet.ts'

/** Shows the line of every host where somebody waits. */
export async function showQueues(context: Context, json: boolean): Promise<void> {
  const views = await viewFleet(context)
  if (json) {
    const { queueOfHostsDocument } = await import('../output/json/queue.ts')
    return void context.print(queueOfHostsDocument(views, context.now()))
  }
  const lines = views.flatMap(({ host, pool, facts }) => {
    const queue = poolQueue(pool, facts)
    if (queue.length === 0) return []
    return [
      plainLine(`HOST ${host}: ${queue.length} waiting`),
      ...queue.map(queued => queueLine(queued, facts.now)),
    ]
  })
  if (lines.length === 0) context.print('Nobody is waiting on any host')
  else context.printColoured(...lines)
}
