import { HOUR_MS, SECOND_MS } from '../core/duration.ts'
import type { Day } from '../core/report.ts'
import { localTime } from '../system/libc/local-time.ts'

/** Longer than any step of a time zone: clocks go forward an hour, and once in a while an island changes its date. */
const LONGEST_STEP_MS = 26 * HOUR_MS

/** The last `count` days of the local calendar, ascending; the last one is today, until its end. */
export function localDays(now: number, count: number): Day[] {
  const days: Day[] = []
  // Noon of tomorrow lies in the next day, however long today is.
  let to = startOfDay(startOfDay(now) + 36 * HOUR_MS)
  while (days.length < count) {
    const from = startOfDay(to - SECOND_MS)
    days.push({ date: dateOf(from), from, to })
    to = from
  }
  return days.reverse()
}

/** The first instant of the local day that an instant lies in. */
function startOfDay(at: number): number {
  const [, , , hour = 0, minute = 0, second = 0] = localTime(at)
  const whole = Math.floor(at / SECOND_MS) * SECOND_MS
  const start = whole - ((hour * 60 + minute) * 60 + second) * SECOND_MS
  const date = dateOf(at)
  if (dateOf(start) === date && dateOf(start - SECOND_MS) !== date) return start
  // The clocks were changed in between, or there was no midnight: found by halving.
  let [before, within] = [whole - LONGEST_STEP_MS, whole]
  while (within - before > SECOND_MS) {
    const middle = before + Math.floor((within - before) / 2 / SECOND_MS) * SECOND_MS
    if (dateOf(middle) === date) within = middle
    else before = middle
  }
  return within
}

/** `2026-11-24` */
function dateOf(at: number): string {
  const [year, month, day] = localTime(at).map(number => String(number).padStart(2, '0'))
  return `${year}-${month}-${day}`
}
