import type { Database } from 'bun:sqlite'
import type { EventKind, LogEvent, UsageRecord } from '../../core/history.ts'
import type { Use } from '../../core/report.ts'
import type { NumberedEvent } from '../store.ts'
import { type LabelColumns, labelsFromRow } from './rows.ts'

export function selectUsageRecords(db: Database, since: number): UsageRecord[] {
  return db
    .query<UsageRow, [number]>('SELECT * FROM usage_record WHERE ended_at >= ? ORDER BY number')
    .all(since)
    .map(usageRecordFromRow)
}

export function selectEvents(
  db: Database,
  { after, limit }: { after: number; limit: number },
): NumberedEvent[] {
  return db
    .query<EventRow, [number, number]>('SELECT * FROM event WHERE number > ? ORDER BY number DESC LIMIT ?')
    .all(after, limit)
    .reverse()
    .map(row => ({ number: row.number, event: eventFromRow(row) }))
}

interface UseRow {
  readonly is_run: number
  readonly uid: number
  readonly user_name: string
  readonly alias: string | null
  readonly gpus: string
  readonly reserved_at: number
  readonly ended_at: number
  readonly waited_ms: number
  readonly unused_gpu_ms: number
}

/**
 * Row by row, only what is needed, and past the index: it would be slower for most of the table. 100,000 records take
 * 50 ms, where whole ones would take twice as long and three times the memory.
 */
export function visitUses(db: Database, since: number, visit: (use: Use) => void): void {
  const rows = db.query<UseRow, [number]>(
    `SELECT type = 'run' AS is_run, uid, user_name, alias, gpus, reserved_at, ended_at, waited_ms, unused_gpu_ms
     FROM usage_record NOT INDEXED WHERE ended_at >= ?`,
  )
  // The same few lists and names again and again.
  const lists = new Map<string, readonly number[]>()
  const gpusOf = (text: string): readonly number[] => {
    const known = lists.get(text) ?? indices(text)
    lists.set(text, known)
    return known
  }
  for (const row of rows.iterate(since)) {
    visit({
      type: row.is_run ? 'run' : 'manual',
      holder: { uid: row.uid, userName: row.user_name },
      alias: row.alias,
      gpus: gpusOf(row.gpus),
      reservedAt: row.reserved_at,
      endedAt: row.ended_at,
      waitedMs: row.waited_ms,
      unusedGpuMs: row.unused_gpu_ms,
    })
  }
}

interface UsageRow extends LabelColumns {
  readonly id: string
  readonly type: string
  readonly gpus: string
  readonly reserved_at: number
  readonly ended_at: number
  readonly ending: string
  readonly waited_ms: number
  readonly unused_gpu_ms: number
}

function usageRecordFromRow(row: UsageRow): UsageRecord {
  return {
    id: row.id,
    type: row.type as UsageRecord['type'],
    ...labelsFromRow(row),
    gpus: indices(row.gpus),
    reservedAt: row.reserved_at,
    endedAt: row.ended_at,
    ending: row.ending as UsageRecord['ending'],
    waitedMs: row.waited_ms,
    unusedGpuMs: row.unused_gpu_ms,
  }
}

interface EventRow extends LabelColumns {
  readonly number: number
  readonly at: number
  readonly kind: string
  readonly id: string | null
  readonly gpus: string
  readonly by_uid: number | null
  readonly by_name: string
}

function eventFromRow(row: EventRow): LogEvent {
  return {
    at: row.at,
    kind: row.kind as EventKind,
    id: row.id,
    ...labelsFromRow(row),
    gpus: indices(row.gpus),
    by: row.by_uid === null ? null : { uid: row.by_uid, userName: row.by_name },
  }
}

function indices(text: string): number[] {
  return text === '' ? [] : text.split(',').map(Number)
}
