import { formatDuration } from '../../core/duration.ts'
import { displayName, type QueueEntry } from '../../core/pool.ts'
import type { Waiting } from '../../core/queue.ts'
import { type ColouredLine, colouredLine } from './colour.ts'
import { localClock } from './local-clock.ts'
import { askedFor, whyWaiting } from './waiting-line.ts'

/** One request of the line, and why it does not start yet. */
export function queueLine(entry: QueueEntry, waiting: Waiting, now: number): ColouredLine {
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
