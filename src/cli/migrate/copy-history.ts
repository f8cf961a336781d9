import type { Change } from '../../core/changes.ts'
import type { LogEvent, UsageRecord } from '../../core/history.ts'
import { bring } from '../../core/move.ts'
import type { Store } from '../../store/store.ts'

/** So many are written at once: a large history is no single large transaction. */
const BATCH = 500

const EVERYTHING = 1_000_000_000

/** How much history was copied. */
export interface Copied {
  readonly records: number
  readonly events: number
}

/**
 * Copies usage records and events that the other store has not, in their order. So it can be interrupted and done again, and
 * a pool that comes back to where it once was brings what is new.
 *
 * @param id of the move
 */
export async function copyHistory(source: Store, target: Store, id: string): Promise<Copied> {
  const records = missing(await source.usageRecords(0), await target.usageRecords(0), recordKey)
  const all = { after: 0, limit: EVERYTHING }
  const [happened, known] = [await source.events(all), await target.events(all)]
  const events = missing(
    happened.map(({ event }) => event),
    known.map(({ event }) => event),
    eventKey,
  )
  const changes: Change[] = [
    ...records.map(record => ({ kind: 'record', record }) as const),
    ...events.map(event => ({ kind: 'log', event }) as const),
  ]
  for (let from = 0; from < changes.length; from += BATCH) {
    await target.update(pool => bring(pool, id, changes.slice(from, from + BATCH)))
  }
  return { records: records.length, events: events.length }
}

/** Those of one list that the other has not; of equal ones, as many as it has fewer. */
function missing<T>(wanted: readonly T[], present: readonly T[], keyOf: (item: T) => string): T[] {
  const counts = new Map<string, number>()
  for (const item of present) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return wanted.filter(item => {
    const count = counts.get(keyOf(item)) ?? 0
    counts.set(keyOf(item), count - 1)
    return count <= 0
  })
}

/** All that a record holds, in one order, whichever store it comes from. */
function recordKey(record: UsageRecord): string {
  const { id, type, holder, alias, note, gpus, reservedAt, endedAt, ending, waitedMs, unusedGpuMs } = record
  const { uid, userName } = holder
  return JSON.stringify([
    id,
    type,
    uid,
    userName,
    alias,
    note,
    gpus,
    reservedAt,
    endedAt,
    ending,
    waitedMs,
    unusedGpuMs,
  ])
}

function eventKey({ at, kind, holder, alias, id, gpus, by, note }: LogEvent): string {
  return JSON.stringify([at, kind, holder.uid, holder.userName, alias, id, gpus, by?.uid, by?.userName, note])
}
