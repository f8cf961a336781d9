/** The local clock, as the C library knows the time zone. */

import { bound } from './library.ts'

const c = bound({
  localtime_r: { args: ['ptr', 'ptr'], returns: 'ptr' },
  mktime: { args: ['ptr'], returns: 'i64' },
})

/**
 * The local date and time of an instant, as the C library knows the time zone.
 *
 * @returns [year, month from 1, day, hour, minute, second]
 */
export function localTime(at: number): number[] {
  const time = new BigInt64Array([BigInt(Math.floor(at / 1000))])
  // struct tm: nine ints from the seconds up, then two words; tm(3type).
  const tm = new Int32Array(16)
  c().localtime_r(time, tm)
  const [second = 0, minute = 0, hour = 0, day = 0, month = 0, year = 0] = tm
  return [year + 1900, month + 1, day, hour, minute, second]
}

/**
 * The instants at which the local clock shows a date and time, ascending: none when it skips that time, two when it is set
 * back over it. Days beyond the end of a month count on into the next.
 */
export function instantsShown([year, month, day, hour, minute, second]: LocalTime): number[] {
  const shown = (isSummerTime: number): number => {
    const tm = new Int32Array(16)
    tm.set([second, minute, hour, day, month - 1, year - 1900, 0, 0, isSummerTime])
    const at = Number(c().mktime(tm)) * 1000
    // Told the wrong season, or a time that is skipped, mktime moves to another time of day; mktime(3).
    return tm[0] === second && tm[1] === minute && tm[2] === hour ? at : NaN
  }
  const instants = [shown(-1), shown(0), shown(1)].filter(at => !Number.isNaN(at))
  return [...new Set(instants)].sort((a, b) => a - b)
}

/** Year, month from 1, day, hour, minute, second. */
export type LocalTime = readonly [number, number, number, number, number, number]
