import type { Report, ReportRow, Totals } from '../../core/report.ts'
import { type JsonObject, jsonDocument, seconds, time } from './json/document.ts'
import { meanWaitMs } from './report-table.ts'

/** What `report --json` prints. */
export function reportDocument({ by, from, to, total, rows }: Report, now: number): string {
  return jsonDocument('report', {
    by,
    since: time(from),
    until: time(Math.min(to, now)),
    total: totalsJson(total, total),
    rows: rows.map(row => ({ ...groupJson(row), ...totalsJson(row, total) })),
  })
}

/** What `report --csv` prints: the rows with the keys of the JSON as header, as RFC 4180 has it. */
export function reportCsv({ by, total, rows }: Report): string[] {
  const header = [...HEADERS[by], ...Object.keys(totalsJson(total, total))]
  const values = rows.map(row => [...groupValues(row), ...Object.values(totalsJson(row, total))])
  return [header, ...values].map(cells => cells.map(cell => csvCell(cell)).join(','))
}

const HEADERS = { user: ['uid', 'user_name', 'alias'], gpu: ['gpu_id'], day: ['day'] } as const

function groupValues(row: ReportRow): (string | number | null)[] {
  switch (row.by) {
    case 'user':
      return [row.holder.uid, row.holder.userName, row.alias]
    case 'gpu':
      return [row.index]
    case 'day':
      return [row.date]
  }
}

function groupJson(row: ReportRow): JsonObject {
  switch (row.by) {
    case 'user':
      return { holder: { uid: row.holder.uid, user_name: row.holder.userName }, alias: row.alias }
    case 'gpu':
      return { gpu_id: row.index }
    case 'day':
      return { day: row.date }
  }
}

function totalsJson(part: Totals, total: Totals) {
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

function csvCell(value: string | number | null): string {
  const text = String(value ?? '')
  return /[",\s]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
