import type {
  Gpu,
  Move,
  Policy,
  Pool,
  ProcessIdentity,
  Provider,
  QueueEntry,
  Reservation,
} from '../../core/pool.ts'

/** Each GPU with its reservation, if it has one. */
export const SELECT_POOL = `
  SELECT pool.provider, pool.observed_at, pool.move, gpu.gpu_index, gpu.last_released_at, gpu.last_holder_uid, gpu.last_reservation_id,
         gpu.unused_since, gpu.drained_at, gpu.drained_by_uid, gpu.drained_by_name, gpu.drain_note, reservation.*
  FROM pool CROSS JOIN gpu LEFT JOIN reservation ON reservation.id = gpu.reservation_id
  ORDER BY gpu.gpu_index`

export const SELECT_QUEUE = 'SELECT * FROM queue_entry ORDER BY number'

export interface LabelColumns {
  readonly uid: number
  readonly user_name: string
  readonly alias: string | null
  readonly note: string | null
}

/** A row of SELECT_POOL, as the CHECKs of the schema promise it. */
export interface PoolRow extends LabelColumns {
  readonly provider: string
  readonly observed_at: number | null
  readonly move: string | null
  readonly gpu_index: number
  readonly last_released_at: number | null
  readonly last_holder_uid: number | null
  readonly last_reservation_id: string | null
  readonly unused_since: number | null
  readonly drained_at: number | null
  readonly drained_by_uid: number
  readonly drained_by_name: string
  readonly drain_note: string | null
  readonly id: string | null
  readonly type: string
  readonly reserved_at: number
  readonly waited_ms: number
  readonly unused_gpu_ms: number
  readonly ends_at: number | null
  readonly idle_warned_at: number | null
  readonly heartbeat_at: number
  readonly processes: string
}

export interface QueueRow extends LabelColumns {
  readonly id: string
  readonly type: string
  readonly gpu_count: number
  readonly gpu_ids: string | null
  readonly policy: string
  readonly queued_at: number
  readonly heartbeat_at: number
  readonly duration_ms: number | null
  readonly process: string
}

/** The pool that the rows of SELECT_POOL and SELECT_QUEUE tell of, null when there are none: it was never initialized. */
export function poolFromRows(rows: readonly PoolRow[], queueRows: readonly QueueRow[]): Pool | null {
  const first = rows[0]
  if (!first) return null
  const reservations = new Map<string, Reservation>()
  for (const row of rows) {
    if (row.id === null) continue
    const gpus = [...(reservations.get(row.id)?.gpus ?? []), row.gpu_index]
    reservations.set(row.id, reservationFromRow(row, row.id, gpus))
  }
  return {
    provider: first.provider as Provider,
    observedAt: first.observed_at,
    move: first.move === null ? null : (JSON.parse(first.move) as Move),
    gpus: rows.map(gpuFromRow),
    reservations: [...reservations.values()],
    queue: queueRows.map(queueEntryFromRow),
  }
}

function gpuFromRow(row: PoolRow): Gpu {
  const { drained_at: at, drained_by_uid: uid, drained_by_name: userName, drain_note: note } = row
  return {
    index: row.gpu_index,
    lastReleasedAt: row.last_released_at,
    lastHolderUid: row.last_holder_uid,
    lastReservationId: row.last_reservation_id,
    unusedSince: row.unused_since,
    drain: at === null ? null : { at, by: { uid, userName }, note },
  }
}

function reservationFromRow(row: PoolRow, id: string, gpus: readonly number[]): Reservation {
  const claim = {
    id,
    ...labelsFromRow(row),
    gpus,
    reservedAt: row.reserved_at,
    waitedMs: row.waited_ms,
    unusedGpuMs: row.unused_gpu_ms,
  }
  if (row.type === 'manual')
    return { ...claim, type: 'manual', expiresAt: row.ends_at ?? 0, idleWarnedAt: row.idle_warned_at }
  const processes = JSON.parse(row.processes) as ProcessIdentity[]
  return { ...claim, type: 'run', heartbeatAt: row.heartbeat_at, endsAt: row.ends_at, processes }
}

function queueEntryFromRow(row: QueueRow): QueueEntry {
  return {
    id: row.id,
    type: row.type as QueueEntry['type'],
    ...labelsFromRow(row),
    wanted: {
      count: row.gpu_count,
      gpuIds: row.gpu_ids === null ? null : (JSON.parse(row.gpu_ids) as number[]),
      policy: row.policy as Policy,
    },
    queuedAt: row.queued_at,
    heartbeatAt: row.heartbeat_at,
    durationMs: row.duration_ms,
    process: JSON.parse(row.process) as ProcessIdentity,
  }
}

export function labelsFromRow({ uid, user_name: userName, alias, note }: LabelColumns) {
  return { holder: { uid, userName }, alias, note }
}
