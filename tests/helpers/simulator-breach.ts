import type { Change, Decision } from '../../src/core/changes.ts'
import { type Play, playSchedule } from './simulator.ts'

/** Where some rules first break a promise that is told like this. In the schedules before they may break others, or none. */
export function breachOf(promise: RegExp, play: Play, count = 400): string {
  const others = new Set<string>()
  for (const seed of firstSeeds(count)) {
    const message = breachIn(seed, play)
    if (message !== null && promise.test(message)) return message
    if (message !== null) others.add(message.slice(0, 100))
  }
  throw new Error(
    `no breach like ${promise} in ${count} schedules, but ${[...others].slice(0, 5).join('\n')}`,
  )
}

/** @returns what was broken in a schedule, null when nothing was */
function breachIn(seed: number, play: Play): string | null {
  try {
    playSchedule(seed, play)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export function firstSeeds(count: number): number[] {
  return Array.from({ length: count }, (_, place) => place + 1)
}

/** A decision with other changes. */
export function altered<T>(
  { changes, result }: Decision<T>,
  alter: (change: Change) => Change[],
): Decision<T> {
  return { changes: changes.flatMap(alter), result }
}

/** A decision without some of its changes. */
export function without<T>(decision: Decision<T>, isDropped: (change: Change) => boolean): Decision<T> {
  return altered(decision, change => (isDropped(change) ? [] : [change]))
}
