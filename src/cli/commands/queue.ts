import { formatDuration } from '../../core/duration.ts'
import { displayName, type QueueEntry } from '../../core/pool.ts'
import { poolQueue, type Waiting } from '../../core/queue.ts'
import { defineCommand } from '../command.ts'
import { jsonOption } from '../json-option.ts'
import { look } from '../look.ts'
import { type ColouredLine, colouredLine } from '../output/colour.ts'
import { localClock } from '../output/local-clock.ts'
import { askedFor, whyWaiting } from '../output/waiting-line.ts'

export default defineCommand({
  name: 'queue',
  summary: 'Show who waits for GPUs, and why',
  examples: ['canhazgpu queue'],
  options: { json: jsonOption },
  async run({ json }, context) {
    const { pool, facts } = await look(context)
    if (json) {
      const { queueDocument } = await import('../output/json/queue.ts')
      context.print(queueDocument(pool, facts))
      return 0
    }
    const queue = poolQueue(pool, facts)
    if (queue.length === 0) context.print('Nobody is waiting')
    else context.printColoured(...queue.map(({ entry, waiting }) => queueLine(entry, waiting, facts.now)))
    return 0
  },
})

function queueLine(entry: QueueEntry, waiting: Waiting, now: number): ColouredLine {
  const { wanted, type, queuedAt, note } = entry
  const since = `for ${formatDuration(now - queuedAt)} (${type}, since ${localClock(queuedAt)})`
  const about = note === null ? '' : ` - ${note}`
  const [state = '', ...reasons] = whyWaiting(waiting, now).split(/(?=, )/)
  return colouredLine(
    `${waiting.position}. ${displayName(entry)} waits for ${askedFor(wanted)} ${since}: `,
    state,
    reasons.join('') + about,
    waiting.missing > 0 ? 'yellow' : 'green',
  )
}
