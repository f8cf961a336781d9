import type { Database, SQLQueryBindings } from 'bun:sqlite'
import type { Change, Observed } from '../../core/changes.ts'
import type { LogEvent, UsageRecord } from '../../core/history.ts'
import type { QueueEntry, Reservation } from '../../core/pool.ts'

/** Writes one change, inside the transaction that the caller has begun. */
export function writeChange(db: Database, change: Change): void {
  switch (change.kind) {
    case 'initialize':
      db.exec('DELETE FROM gpu; DELETE FROM reservation; DELETE FROM queue_entry; DELETE FROM pool')
      db.run('INSERT INTO pool (id, provider) VALUES (1, ?)', [change.provider])
      resize(db, change.gpuCount)
      return
    case 'resize':
      resize(db, change.gpuCount)
      return
    case 'drain': {
      const { drain, index } = change
      db.run(
        'UPDATE gpu SET drained_at = ?, drained_by_uid = ?, drained_by_name = ?, drain_note = ? WHERE gpu_index = ?',
        [drain?.at ?? null, drain?.by.uid ?? null, drain?.by.userName ?? null, drain?.note ?? null, index],
      )
      return
    }
    case 'move':
      db.run('UPDATE pool SET move = ?', [change.move && JSON.stringify(change.move)])
      return
    case 'add':
      addReservation(db, change.reservation)
      return
    case 'remove':
      db.run(
        `UPDATE gpu SET reservation_id = NULL, last_released_at = ?, last_reservation_id = reservation_id,
           last_holder_uid = (SELECT uid FROM reservation WHERE id = gpu.reservation_id) WHERE reservation_id = ?`,
        [change.releasedAt, change.id],
      )
      db.run('DELETE FROM reservation WHERE id = ?', [change.id])
      return
    case 'heartbeat':
      db.run("UPDATE reservation SET heartbeat_at = ? WHERE id = ? AND type = 'run'", [change.at, change.id])
      db.run('UPDATE queue_entry SET heartbeat_at = ? WHERE id = ?', [change.at, change.id])
      return
    case 'extend':
      db.run("UPDATE reservation SET ends_at = ? WHERE id = ? AND type = 'manual'", [
        change.expiresAt,
        change.id,
      ])
      return
    case 'warn-idle':
      db.run("UPDATE reservation SET idle_warned_at = ? WHERE id = ? AND type = 'manual'", [
        change.at,
        change.id,
      ])
      return
    case 'enqueue':
      enqueue(db, change.entry)
      return
    case 'dequeue':
      db.run('DELETE FROM queue_entry WHERE id = ?', [change.id])
      return
    case 'observe':
      observe(db, change)
      return
    case 'record':
      keepRecord(db, change.record)
      return
    case 'log':
      keepEvent(db, change.event)
      return
  }
}

function resize(db: Database, gpuCount: number): void {
  const held = db.query('SELECT 1 FROM gpu WHERE gpu_index >= ? AND reservation_id IS NOT NULL')
  // As below: the rules never take a GPU away that is held.
  if (held.get(gpuCount)) throw new Error(`a GPU from ${gpuCount} on is held in the store`)
  db.run('DELETE FROM gpu WHERE gpu_index >= ?', [gpuCount])
  db.run(
    `INSERT OR IGNORE INTO gpu (gpu_index)
     WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) SELECT i FROM n`,
    [gpuCount],
  )
}

function addReservation(db: Database, reservation: Reservation): void {
  const run = reservation.type === 'run' ? reservation : null
  insert(db, 'reservation', {
    id: reservation.id,
    type: reservation.type,
    ...labels(reservation),
    reserved_at: reservation.reservedAt,
    waited_ms: reservation.waitedMs,
    unused_gpu_ms: reservation.unusedGpuMs,
    ends_at: reservation.type === 'manual' ? reservation.expiresAt : reservation.endsAt,
    idle_warned_at: reservation.type === 'manual' ? reservation.idleWarnedAt : null,
    heartbeat_at: run?.heartbeatAt ?? null,
    processes: run && JSON.stringify(run.processes),
  })
  for (const index of reservation.gpus) {
    const { changes } = db.run(
      'UPDATE gpu SET reservation_id = ? WHERE gpu_index = ? AND reservation_id IS NULL',
      [reservation.id, index],
    )
    // The rules never choose a GPU that is held; should one ever, the transaction ends here.
    if (changes !== 1) throw new Error(`GPU ${index} is not free in the store`)
  }
}

function enqueue(db: Database, entry: QueueEntry): void {
  const { count, gpuIds, policy } = entry.wanted
  insert(db, 'queue_entry', {
    id: entry.id,
    type: entry.type,
    ...labels(entry),
    gpu_count: count,
    gpu_ids: gpuIds && JSON.stringify(gpuIds),
    policy,
    queued_at: entry.queuedAt,
    heartbeat_at: entry.heartbeatAt,
    duration_ms: entry.durationMs,
    process: JSON.stringify(entry.process),
  })
}

function observe(db: Database, { at, gpus, reservations }: Observed): void {
  db.run('UPDATE pool SET observed_at = ?', [at])
  for (const { index, unusedSince } of gpus)
    db.run('UPDATE gpu SET unused_since = ? WHERE gpu_index = ?', [unusedSince, index])
  for (const { id, unusedGpuMs } of reservations)
    db.run('UPDATE reservation SET unused_gpu_ms = ? WHERE id = ?', [unusedGpuMs, id])
}

function keepRecord(db: Database, record: UsageRecord): void {
  insert(db, 'usage_record', {
    id: record.id,
    type: record.type,
    ...labels(record),
    gpus: record.gpus.join(','),
    reserved_at: record.reservedAt,
    ended_at: record.endedAt,
    ending: record.ending,
    waited_ms: record.waitedMs,
    unused_gpu_ms: record.unusedGpuMs,
  })
}

function keepEvent(db: Database, event: LogEvent): void {
  insert(db, 'event', {
    at: event.at,
    kind: event.kind,
    ...labels(event),
    id: event.id,
    gpus: event.gpus.join(','),
    by_uid: event.by?.uid ?? null,
    by_name: event.by?.userName ?? null,
  })
}

function labels({ holder, alias, note }: Pick<LogEvent, 'holder' | 'alias' | 'note'>) {
  return { uid: holder.uid, user_name: holder.userName, alias, note }
}

/** @param row column names are ours, never a user's */
function insert(db: Database, table: string, row: Readonly<Record<string, SQLQueryBindings>>): void {
  const columns = Object.keys(row)
  db.run(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    Object.values(row),
  )
}
