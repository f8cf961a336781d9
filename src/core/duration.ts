export const SECOND_MS = 1000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

const NUMBER = String.raw`(\d+(?:\.\d+)?|\.\d+)`
const DURATION = new RegExp(
  String.raw`^\s*(?:${NUMBER}\s*d\s*)?(?:${NUMBER}\s*h\s*)?(?:${NUMBER}\s*m\s*)?(?:${NUMBER}\s*s\s*)?$`,
  'i',
)

/**
 * Reads a duration as people write it: `30s`, `30m`, `2h`, `1d`, `0.5h`, `1h30m`, `2H`, `1h 30m`.
 * Every number needs its unit, units go from the largest to the smallest, each at most once.
 *
 * @returns milliseconds, rounded to a whole one, or null when the text is not a duration
 */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text)
  if (!match) return null
  const parts = match.slice(1)
  if (parts.every(part => part === undefined)) return null
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.map(part => Number(part ?? 0))
  return Math.round(days * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS)
}

/** Writes a duration as `Xh Ym Zs`: hours go on beyond 24, a begun second does not count, and less than nothing is 0. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / SECOND_MS))
  return `${Math.floor(seconds / 3600)}h ${Math.floor(seconds / 60) % 60}m ${seconds % 60}s`
}
