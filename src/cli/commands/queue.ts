import { formatDuration } from '../../core/duration.ts'
import { displayName, type QueueEntry } from '../../core/pool.ts'
import { poolQueue, type Waiting } from '../../core/queue.ts'
import { defineCommand } from '../command.ts'
import { look } from '../look.ts'
import { localClock } from '../output/local-clock.ts'
import { askedFor, whyWaiting } from '../output/waiting-line.ts'

export default defineCommand({
  name: 'queue',
  summary: 'Show who waits for GPUs, and why',
  examples: ['canhazgpu queue'],
  options: {},
  async run(_options, context) {
    const { pool, facts } = await look(context)
    const queue = poolQueue(pool, facts)
    if (queue.length === 0) context.print('Nobody is waiting')
    else context.print(...queue.map(({ entry, waiting }) => queueLine(entry, waiting, facts.now)))
    return 0
  },
})

function queueLine(entry: QueueEntry, waiting: Waiting, now: number): string {
  const { wanted, type, queuedAt, note } = entry
  const since = `for ${formatDuration(now - queuedAt)} (${type}, since ${localClock(queuedAt)})`
  const about = note === null ? '' : ` - ${note}`
  return `${waiting.position}. ${displayName(entry)} waits for ${askedFor(wanted)} ${since}: ${whyWaiting(waiting, now)}${about}`
}
