import { formatDuration } from '../../core/duration.ts'
import { displayName } from '../../core/pool.ts'
import type { Queued, Waiting } from '../../core/queue.ts'
import { type ColouredLine, colouredLine } from './colour.ts'
import { localClock } from './local-clock.ts'
import { askedFor, whyWaiting } from './waiting-line.ts'

/** One request of the line, and why it does not start yet. */
export function queueLine({ entry, waiting, isStopped }: Queued, now: number): ColouredLine {
  const { wanted, type, queuedAt, note } = entry
  const since = `for ${formatDuration(now - queuedAt)} (${type}, since ${localClock(queuedAt)})`
  const about = note === null ? '' : ` - ${note}`
  const why = isStopped ? whyStopped(waiting, now) : whyWaiting(waiting, now)
  const [state = '', ...reasons] = why.split(/(?=, )/)
  return colouredLine(
    `${waiting.position}. ${displayName(entry)} waits for ${askedFor(wanted)} ${since}: `,
    state,
    reasons.join('') + about,
    isStopped || waiting.missing > 0 ? 'yellow' : 'green',
  )
}

/** Why a request whose process is stopped does not start: it would not, also where nothing is missing. */
function whyStopped(waiting: Waiting, now: number): string {
  const reason = 'stopped and passed by others until it goes on'
  return waiting.missing === 0 ? reason : `${reason}, ${whyWaiting(waiting, now)}`
}
