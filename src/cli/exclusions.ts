import { UsageError } from '../core/errors.ts'
import type { Options } from './options.ts'
import type { Ranked } from './settings.ts'

/**
 * What is left of the settings of a command where some do not go together: what was set later puts aside what was set for
 * other days.
 *
 * @param found by key, in the order in which they are named in a refusal
 * @throws {UsageError} when two that exclude each other are set in the same place
 */
export function withoutExcluded(options: Options, found: ReadonlyMap<string, Ranked>): Map<string, Ranked> {
  const kept = new Map<string, Ranked>()
  for (const [key, setting] of [...found].sort(([, a], [, b]) => b.rank - a.rank)) {
    const rival = [...kept].find(
      ([other, { rank, text }]) =>
        isRival(options, key, other, rank === setting.rank) && !isOff(options, other, text),
    )
    if (!rival || isOff(options, key, setting.text)) kept.set(key, setting)
    else if (rival[1].rank === setting.rank) throw contradiction(options, rival, [key, setting])
  }
  return kept
}

/** Whether a setting only says that something is not wanted. */
function isOff(options: Options, key: string, text: string | null): boolean {
  return text === null || (text === 'false' && options[key]?.bare !== undefined)
}

/** Whether two options exclude each other, or, set in different places, replace each other. */
function isRival(options: Options, one: string, other: string, isSamePlace: boolean): boolean {
  const excludes = (a: string, b: string) =>
    options[a]?.excludes?.includes(b) || (!isSamePlace && options[a]?.insteadOf === b)
  return Boolean(excludes(one, other) || excludes(other, one))
}

function contradiction(
  options: Options,
  [firstKey, first]: [string, Ranked],
  [secondKey, second]: [string, Ranked],
): UsageError {
  const why =
    options[options[secondKey]?.excludes?.includes(firstKey) ? secondKey : firstKey]?.excludesBecause
  return new UsageError(
    `${first.source} and ${second.source} do not go together${why ? `: ${why}` : ''}. Use one of the two`,
  )
}
