import type { LogEvent } from '../../../core/history.ts'
import type { NumberedEvent } from '../../../store/store.ts'
import { jsonDocument, time } from './document.ts'
import { holderJson } from './reservation.ts'

/** A line of what `log --json` prints. */
export function eventDocument({ number, event }: NumberedEvent): string {
  return document(event, number, null)
}

/** A line of what `log --all --json` prints. */
export function hostEventDocument({ host, event }: { host: string; event: LogEvent }): string {
  return document(event, null, host)
}

function document(event: LogEvent, number: number | null, host: string | null): string {
  const { at, kind, holder, alias, id, gpus, by, note } = event
  return jsonDocument('event', {
    host,
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
