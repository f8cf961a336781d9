import type { Database } from 'bun:sqlite'
import type { Change, Reservation } from '../../core/pool.ts'

/** Writes one change, inside the transaction that the caller has begun. */
export function writeChange(db: Database, change: Change): void {
  switch (change.kind) {
    case 'initialize':
      db.exec('DELETE FROM gpu; DELETE FROM reservation; DELETE FROM pool')
      db.run('INSERT INTO pool (id, provider) VALUES (1, ?)', [change.provider])
      db.run(
        `INSERT INTO gpu (gpu_index)
         WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) SELECT i FROM n`,
        [change.gpuCount],
      )
      return
    case 'add':
      addReservation(db, change.reservation)
      return
    case 'remove':
      db.run('UPDATE gpu SET reservation_id = NULL, last_released_at = ? WHERE reservation_id = ?', [
        change.releasedAt,
        change.id,
      ])
      db.run('DELETE FROM reservation WHERE id = ?', [change.id])
      return
    case 'heartbeat':
      db.run("UPDATE reservation SET heartbeat_at = ? WHERE id = ? AND type = 'run'", [change.at, change.id])
      return
  }
}

function addReservation(db: Database, reservation: Reservation): void {
  const process = reservation.type === 'run' ? reservation.process : null
  db.run('INSERT INTO reservation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', [
    reservation.id,
    reservation.type,
    reservation.holder.uid,
    reservation.holder.userName,
    reservation.reservedAt,
    reservation.type === 'manual' ? reservation.expiresAt : null,
    reservation.type === 'run' ? reservation.heartbeatAt : null,
    process?.bootId ?? null,
    process?.pidNamespace ?? null,
    process?.pid ?? null,
    process?.startTicks ?? null,
  ])
  for (const index of reservation.gpus) {
    const { changes } = db.run(
      'UPDATE gpu SET reservation_id = ? WHERE gpu_index = ? AND reservation_id IS NULL',
      [reservation.id, index],
    )
    // The rules never choose a GPU that is held; should one ever, the transaction ends here.
    if (changes !== 1) throw new Error(`GPU ${index} is not free in the store`)
  }
}
