import type { NumberedEvent } from '../../../store/store.ts'
import { jsonDocument, time } from './document.ts'
import { holderJson } from './reservation.ts'

/** A line of what `log --json` prints. */
export function eventDocument({ number, event }: NumberedEvent): string {
  const { at, kind, holder, alias, id, gpus, by, note } = event
  return jsonDocument('event', {
    number,
    at: time(at),
    event: kind.replaceAll('-', '_'),
    holder: holderJson(holder),
    alias,
    reservation_id: id,
    gpu_ids: gpus,
    by: by && holderJson(by),
    note,
  })
}
