import { instantsShown, type LocalTime, localTime } from '../system/libc/local-time.ts'
import type { Option } from './options.ts'

const TIME = String.raw`(\d{1,2}):(\d\d)(?::(\d\d))?`
const UNTIL = new RegExp(String.raw`^\s*(?:(tomorrow)\s+|(\d{4})-(\d\d)-(\d\d)[ T])?${TIME}\s*$`, 'i')

/** A moment as people say it, on the local clock: `18:00`, `tomorrow 8:00`, `2026-11-25 08:00`. */
export interface ClockTime {
  /** null for the next time that the clock shows it. */
  readonly day: 'tomorrow' | readonly [year: number, month: number, day: number] | null
  readonly time: readonly [hour: number, minute: number, second: number]
}

/** @returns null when the text is no such moment */
export function parseClockTime(text: string): ClockTime | null {
  const match = UNTIL.exec(text)
  if (!match) return null
  const [, tomorrow, ...numbers] = match
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers.map(number =>
    Number(number ?? 0),
  )
  if (hour > 23 || minute > 59 || second > 59) return null
  const isDate = numbers[0] !== undefined
  return {
    day: tomorrow ? 'tomorrow' : isDate ? [year, month, day] : null,
    time: [hour, minute, second],
  }
}

/**
 * The instant that is meant, after `now`. Where the clock is set back and shows a time twice, the one that comes next; a time
 * that the clock skips does not come on that day. By the C library, not by `Date`: see local-clock.ts.
 *
 * @returns null when it is over, or never comes: there is no such day, or no such time on it
 */
export function instantOf({ day, time }: ClockTime, now: number): number | null {
  if (day === 'tomorrow') return nextOn(daysFrom(now, 1), time, now)
  if (day !== null) {
    const at = nextOn(day, time, now)
    // The C library would count on into the next month.
    return at !== null && localTime(at)[2] === day[2] && localTime(at)[1] === day[1] ? at : null
  }
  // Two changes of the clock never lie so close together that a time is skipped three days in a row.
  for (let ahead = 0; ahead <= 3; ahead++) {
    const next = nextOn(daysFrom(now, ahead), time, now)
    if (next !== null) return next
  }
  return null
}

type Day = readonly [year: number, month: number, day: number]

/** Counted on the calendar: a day may have 23 or 25 hours. */
function daysFrom(now: number, ahead: number): Day {
  const [year = 0, month = 0, day = 0] = localTime(now)
  return [year, month, day + ahead]
}

function nextOn(
  [year, month, day]: Day,
  [hour, minute, second]: ClockTime['time'],
  now: number,
): number | null {
  const shown: LocalTime = [year, month, day, hour, minute, second]
  return instantsShown(shown).find(at => at > now) ?? null
}

/** A moment on the local clock that may be missing: null. */
export function optionalClockTime(
  details: Pick<Option<unknown>, 'help' | 'example' | 'excludes'>,
): Option<ClockTime | null> {
  return {
    ...details,
    placeholder: 'TIME',
    expected: "a time on the local clock, 'tomorrow 8:00' or '2026-11-25 08:00'",
    parse: text => parseClockTime(text) ?? undefined,
    fallback: null,
  }
}
