import { parseDuration } from '../core/duration.ts'
import { UsageError } from '../core/errors.ts'

/** What holds for a whole host rather than for one command, and has no option of its own. */
const HOST_SETTINGS = {
  /** How long before the end of a manual reservation its holder is warned; null for not at all. */
  expiryWarning: { variable: 'CANHAZGPU_EXPIRY_WARNING', fallback: 10 * 60_000 },
  /** After how much time without use a manual reservation is released when others wait; null for never. */
  idleRelease: { variable: 'CANHAZGPU_IDLE_RELEASE', fallback: null },
} as const

/**
 * The value of such a setting in milliseconds, null for `false`.
 *
 * @throws {UsageError} when it is set to something else
 */
export function hostSetting(name: keyof typeof HOST_SETTINGS): number | null {
  const { variable, fallback } = HOST_SETTINGS[name]
  const text = process.env[variable]
  if (!text) return fallback
  if (text === 'false') return null
  const ms = parseDuration(text)
  if (ms !== null && ms > 0) return ms
  throw new UsageError(
    `Invalid value for ${variable}: "${text}". Use a duration, or false for never, for example ${variable}=30m`,
  )
}
