import { type Holder, knownEnd, type Reservation } from '../../../core/pool.ts'
import { type JsonObject, jsonDocument, seconds, time } from './document.ts'

/** What `reserve --json` prints: the reservation, and the variables that make a program use its GPUs and no others. */
export function reservationDocument(reservation: Reservation): string {
  return jsonDocument('reservation', {
    reservation: reservationJson(reservation),
    environment: { CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: reservation.gpus.join(',') },
  })
}

export function reservationJson(reservation: Reservation): JsonObject {
  const { id, type, holder, alias, note, gpus, reservedAt, waitedMs } = reservation
  const endsAt = knownEnd(reservation)
  const isRun = reservation.type === 'run'
  return {
    id,
    type,
    holder: holderJson(holder),
    alias,
    note,
    gpu_ids: gpus,
    reserved_at: time(reservedAt),
    waited_seconds: seconds(waitedMs),
    ends_at: time(endsAt),
    duration_seconds: endsAt === null ? null : seconds(endsAt - reservedAt),
    heartbeat_at: isRun ? time(reservation.heartbeatAt) : null,
    pids: isRun ? reservation.processes.map(({ pid }) => pid) : [],
  }
}

export function holderJson({ uid, userName }: Holder): JsonObject {
  return { uid, user_name: userName }
}
