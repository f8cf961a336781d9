import type { Change } from './changes.ts'
import type { Holder, QueueEntry, Reservation } from './pool.ts'

/**
 * How a reservation ended: its holder gave it back (`released`), its command ended (`finished`), its time was over
 * (`expired`), its process was found gone without anybody having seen the end (`reclaimed`), an administrator or
 * `admin --force` took it (`cleared`), or it was unused while others waited (`idle`).
 */
export type Ending = 'released' | 'finished' | 'expired' | 'reclaimed' | 'cleared' | 'idle'

/** For how long usage records and events are kept, in days, when nobody says otherwise. */
export const DEFAULT_HISTORY_DAYS = 400

/** What a reservation that has ended has come to; kept for `report`. */
export interface UsageRecord {
  readonly id: string
  readonly type: Reservation['type']
  readonly holder: Holder
  readonly alias: string | null
  readonly note: string | null
  readonly gpus: readonly number[]
  readonly reservedAt: number
  readonly endedAt: number
  readonly ending: Ending
  readonly waitedMs: number
  readonly unusedGpuMs: number
}

export type EventKind =
  | 'reserved'
  | 'extended'
  | 'idle-warning'
  | Ending
  | 'refused'
  | 'queued'
  | 'left'
  | 'initialized'
  | 'resized'
  | 'drained'
  | 'undrained'
  | 'moved'

/** One thing that happened; kept for `log`. */
export interface LogEvent {
  readonly at: number
  readonly kind: EventKind
  /** Whose reservation or request it is, or who administered. */
  readonly holder: Holder
  readonly alias: string | null
  /** The reservation's or the request's id, null for an act on the pool. */
  readonly id: string | null
  readonly gpus: readonly number[]
  /** Who did it, where that is not the holder: root who released another's, say. */
  readonly by: Holder | null
  /** The holder's note, or the reason, in words for people. */
  readonly note: string | null
}

type Subject = Pick<Reservation, 'id' | 'holder' | 'alias' | 'note'> & { readonly gpus?: readonly number[] }

/** The change that keeps an event about a reservation or a request. */
export function logged(
  kind: EventKind,
  { id, holder, alias, note, gpus = [] }: Subject,
  at: number,
  details: { by?: Holder; note?: string } = {},
): Change {
  const by = details.by && details.by.uid !== holder.uid ? details.by : null
  return { kind: 'log', event: { at, kind, holder, alias, id, gpus, by, note: details.note ?? note } }
}

/** The change that keeps an event about the pool itself. */
export function loggedAct(
  kind: EventKind,
  holder: Holder,
  at: number,
  { gpus = [], note = null }: { gpus?: readonly number[]; note?: string | null } = {},
): Change {
  return { kind: 'log', event: { at, kind, holder, alias: null, id: null, gpus, by: null, note } }
}

/**
 * The changes that end a reservation and keep what it has come to.
 *
 * @param endedAt when it ended; a clock that was set back does not make a record of less than no time
 * @param now when that is written down, which is when it happened as far as the log knows
 */
export function ended(
  reservation: Reservation,
  ending: Ending,
  { endedAt, now, by, note }: { endedAt: number; now: number; by?: Holder; note?: string },
): Change[] {
  const { id, type, holder, alias, gpus, reservedAt, waitedMs, unusedGpuMs } = reservation
  const record: UsageRecord = {
    id,
    type,
    holder,
    alias,
    note: reservation.note,
    gpus,
    reservedAt,
    endedAt: Math.max(reservedAt, endedAt),
    ending,
    waitedMs,
    unusedGpuMs,
  }
  return [
    { kind: 'remove', id, releasedAt: endedAt },
    { kind: 'record', record },
    logged(ending, reservation, now, { ...(by && { by }), ...(note !== undefined && { note }) }),
  ]
}

/** The changes that take a request out of the queue. */
export function leftQueue(entry: QueueEntry, now: number): Change[] {
  return [{ kind: 'dequeue', id: entry.id }, logged('left', entry, now)]
}
