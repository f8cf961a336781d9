import type { Pool, Provider, Reservation } from '../../core/pool.ts'

/** One query, so that it sees one state of the pool: each GPU with its reservation, if it has one. */
export const SELECT_POOL = `
  SELECT pool.provider, gpu.gpu_index, gpu.last_released_at, reservation.*
  FROM pool CROSS JOIN gpu LEFT JOIN reservation ON reservation.id = gpu.reservation_id
  ORDER BY gpu.gpu_index`

/** A row of SELECT_POOL, as the CHECKs of the schema promise it. */
export interface PoolRow {
  readonly provider: string
  readonly gpu_index: number
  readonly last_released_at: number | null
  readonly id: string | null
  readonly type: string
  readonly uid: number
  readonly user_name: string
  readonly reserved_at: number
  readonly expires_at: number
  readonly heartbeat_at: number
  readonly boot_id: string
  readonly pid_namespace: string
  readonly pid: number
  readonly start_ticks: number
}

/** The pool that the rows of SELECT_POOL tell of, null when there are none: it was never initialized. */
export function poolFromRows(rows: readonly PoolRow[]): Pool | null {
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
    gpus: rows.map(row => ({ index: row.gpu_index, lastReleasedAt: row.last_released_at })),
    reservations: [...reservations.values()],
  }
}

function reservationFromRow(row: PoolRow, id: string, gpus: readonly number[]): Reservation {
  const claim = {
    id,
    holder: { uid: row.uid, userName: row.user_name },
    gpus,
    reservedAt: row.reserved_at,
  }
  if (row.type === 'manual') return { ...claim, type: 'manual', expiresAt: row.expires_at }
  return {
    ...claim,
    type: 'run',
    heartbeatAt: row.heartbeat_at,
    process: {
      bootId: row.boot_id,
      pidNamespace: row.pid_namespace,
      pid: row.pid,
      startTicks: row.start_ticks,
    },
  }
}
