import type { Report, ReportRow, Totals } from '../../../core/report.ts'
import { meanWaitMs } from '../report-table.ts'
import { type JsonObject, jsonDocument, seconds, time } from './document.ts'
import { holderJson } from './reservation.ts'

/** What `report --json` prints. @param hosts whose use it is, null for the one host of a store */
export function reportDocument(
  { by, from, to, total, rows }: Report,
  hosts: readonly string[] | null,
  now: number,
): string {
  return jsonDocument('report', {
    hosts,
    by,
    since: time(from),
    until: time(Math.min(to, now)),
    total: totalsJson(total, total),
    rows: rows.map(row => ({ ...groupJson(row), ...totalsJson(row, total) })),
  })
}

function groupJson(row: ReportRow): JsonObject {
  switch (row.by) {
    case 'user':
      return { holder: holderJson(row.holder), alias: row.alias }
    case 'gpu':
      return { host: row.host, gpu_id: row.index }
    case 'day':
      return { day: row.date }
  }
}

/** @param total of the whole report */
export function totalsJson(part: Totals, total: Totals) {
  const meanMs = meanWaitMs(part)
  return {
    gpu_seconds: seconds(part.gpuMs),
    share: total.gpuMs > 0 ? Math.round((part.gpuMs / total.gpuMs) * 1e6) / 1e6 : 0,
    runs: part.runs,
    manual_reservations: part.manual,
    unused_gpu_seconds: seconds(part.unusedGpuMs),
    mean_wait_seconds: meanMs === null ? null : seconds(Math.round(meanMs)),
    longest_wait_seconds: meanMs === null ? null : seconds(part.longestWaitMs),
  }
}
