import type { QueueEntry, Wanted } from '../../src/core/pool.ts'
import { MINUTE } from './pools.ts'
import type { Observer, World } from './simulator-world.ts'

/** A request that waits, as the ledger keeps it. */
export interface Place {
  readonly id: string
  readonly uid: number
  readonly type: QueueEntry['type']
  readonly wanted: Wanted
  readonly queuedAt: number
  /** For how long it will hold what it gets, null when nobody knows. */
  readonly durationMs: number | null
  readonly process: QueueEntry['process']
  lastSignAt: number
}

/** Whether a request has left the line for an observer: its process is gone, or cannot be seen and was silent for too long. */
export function hasLeft({ process, lastSignAt }: Place, observer: Observer, world: World): boolean {
  const sighting = world.sightWaiter(process, observer)
  if (sighting === 'gone') return true
  return sighting !== 'alive' && sighting !== 'stopped' && world.now - lastSignAt > 5 * MINUTE
}

/** The places before one, or all for a newcomer, without those that are seen to be stopped. */
export function placesBefore(
  line: readonly Place[],
  id: string,
  observer: Observer,
  world: World,
): readonly Place[] {
  const before: Place[] = []
  for (const place of line) {
    if (place.id === id) break
    if (world.sightWaiter(place.process, observer) !== 'stopped') before.push(place)
  }
  return before
}

/** @returns where a line differs from what it must be, null when it does not */
export function lineDifference(queue: readonly QueueEntry[], line: readonly Place[]): string | null {
  const [told, kept] = [queue.map(({ id }) => id), line.map(({ id }) => id)]
  if (!Bun.deepEquals(told, kept)) return `the line is [${told}], not [${kept}]`
  for (const [index, { heartbeatAt, holder, alias, note, ...entry }] of queue.entries()) {
    const { uid, lastSignAt, ...place } = line[index] ?? ({} as Place)
    const isSame = holder.uid === uid && heartbeatAt === lastSignAt && Bun.deepEquals(entry, place)
    if (!isSame) return `${entry.id} was altered in the line`
  }
  return null
}
