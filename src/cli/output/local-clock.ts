import { localTime } from '../../system/libc.ts'

/**
 * An instant as people here read a clock: `2026-11-24 18:30:00`, in the time zone of the terminal.
 *
 * Not by `Date`: the runtime loads its time zones for it, and that takes longer than all the rest of `reserve`.
 */
export function localClock(at: number): string {
  const [year, ...rest] = localTime(at).map(number => String(number).padStart(2, '0'))
  const [month, day, ...time] = rest
  return `${year}-${month}-${day} ${time.join(':')}`
}
