import { poolQueue } from '../../core/queue.ts'
import { allHosts } from '../all-option.ts'
import { defineCommand } from '../command.ts'
import { jsonOption } from '../json-option.ts'
import { leaveSeen, look } from '../look.ts'
import { queueLine } from '../output/queue-line.ts'

export default defineCommand({
  name: 'queue',
  summary: 'Show who waits for GPUs, and why',
  examples: ['canhazgpu queue'],
  options: { all: allHosts('Show who waits on every host that shares the store'), json: jsonOption },
  async run({ all, json }, context) {
    if (all) {
      const { showQueues } = await import('../fleet/show-queues.ts')
      await showQueues(context, json)
      return 0
    }
    const picture = await look(context)
    const { pool, facts } = picture
    if (json) {
      const { queueDocument } = await import('../output/json/queue.ts')
      context.print(queueDocument(pool, facts))
    } else {
      const queue = poolQueue(pool, facts)
      if (queue.length === 0) context.print('Nobody is waiting')
      else context.printColoured(...queue.map(queued => queueLine(queued, facts.now)))
    }
    await leaveSeen(picture)
    return 0
  },
})
