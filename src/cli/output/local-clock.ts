import { localTime } from '../../system/libc/local-time.ts'

/**
 * An instant as people here read a clock: `2026-11-24 18:30:00`, in the time zone of the terminal.
 *
 * Not by `Date`: the runtime loads its time zones for it, and that takes longer than all the rest of `reserve`.
 */
export function localClock(at: number): string {
  const { day, time } = read(at)
  return `${day} ${time}`
}

/** The same, without the day where that is today: `18:30:00`. */
export function shortClock(at: number, now: number): string {
  const { day, time } = read(at)
  return day === read(now).day ? time : `${day} ${time}`
}

function read(at: number): { day: string; time: string } {
  const [year, month, day, ...time] = localTime(at).map(number => String(number).padStart(2, '0'))
  return { day: `${year}-${month}-${day}`, time: time.join(':') }
}
