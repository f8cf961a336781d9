import { DAY_MS, MINUTE_MS, parseDuration } from '../../core/duration.ts'
import { DEFAULT_HISTORY_DAYS } from '../../core/history.ts'
import { type Option, optionalDuration, wholeNumber } from '../options.ts'

const TIMES = { leastMs: 1, mostMs: 365 * DAY_MS, bounds: 'up to 365d' }

/** A hundred years. */
const MOST_DAYS = 36_525

/** What is set for good, in a configuration file or a variable, and is no option of a command. */
export const standingSettings = {
  historyDays: wholeNumber({
    placeholder: 'DAYS',
    help: 'How long usage records and events are kept',
    example: 'CANHAZGPU_HISTORY_DAYS=90',
    most: MOST_DAYS,
    fallback: DEFAULT_HISTORY_DAYS,
    hostWide: true,
  }),
  idleRelease: optionalDuration({
    help: 'Release manual reservations that are unused for so long, while somebody waits for GPUs',
    example: 'CANHAZGPU_IDLE_RELEASE=1h',
    hostWide: true,
    ...TIMES,
  }),
  expiryWarning: durationOrOff({
    help: 'How long before its end the holder of a manual reservation is warned; false for never',
    example: 'CANHAZGPU_EXPIRY_WARNING=30m',
    fallback: 10 * MINUTE_MS,
    shownDefault: '10m',
  }),
}

/** A length of time in milliseconds, or null for `false`: never. */
function durationOrOff(details: {
  help: string
  example: string
  fallback: number
  shownDefault: string
}): Option<number | null> {
  return {
    ...details,
    placeholder: 'DURATION',
    written: ['text', 'boolean'],
    expected: `a duration ${TIMES.bounds}, or false`,
    parse: text => {
      if (text === 'false') return null
      const ms = parseDuration(text)
      return ms !== null && ms >= TIMES.leastMs && ms <= TIMES.mostMs ? ms : undefined
    },
  }
}
