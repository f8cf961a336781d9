import type { Database } from 'bun:sqlite'
import type { EventKind, LogEvent, UsageRecord } from '../../core/history.ts'
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

export function forgetHistory(db: Database, before: number): void {
  db.transaction(() => {
    db.run('DELETE FROM usage_record WHERE ended_at < ?', [before])
    db.run('DELETE FROM event WHERE at < ?', [before])
  }).immediate()
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
