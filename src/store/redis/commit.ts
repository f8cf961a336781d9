import type { Change } from '../../core/changes.ts'
import type { Life } from '../../core/restore.ts'
import type { HistoryMs } from '../store.ts'
import { type HeldPool, SCHEMA } from './held-pool.ts'

/** The life of a store behind a decision: a pool that was not there begins one, and one that starts over forgets the ones before. */
export function lifeAfter(life: Life | null, changes: readonly Change[]): Life {
  const start = changes.find(change => change.kind === 'initialize')
  const startsOver = start !== undefined && (life !== null || start.forGood === true)
  return {
    id: life?.id ?? crypto.randomUUID().slice(-12),
    isCleared: startsOver || (life?.isCleared ?? false),
  }
}

/** The ARGV of scripts/commit.lua. */
export function commitArguments(
  { revision, pool, life, machine }: HeldPool,
  changes: readonly Change[],
  { channel, historyMs }: { channel: string; historyMs: HistoryMs },
): string[] {
  const records = changes.flatMap(change => (change.kind === 'record' ? [change.record] : []))
  const events = changes.flatMap(change => (change.kind === 'log' ? [change.event] : []))
  const last = events.at(-1)
  return [
    revision,
    String(SCHEMA),
    ...[pool, life, machine].map(part => JSON.stringify(part)),
    channel,
    last && historyMs !== null ? String(last.at - historyMs) : '',
    String(records.length),
    ...records.flatMap(record => [String(record.endedAt), JSON.stringify(record)]),
    ...events.flatMap(event => [String(event.at), JSON.stringify(event)]),
  ]
}
