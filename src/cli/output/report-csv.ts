import type { Report, ReportRow } from '../../core/report.ts'
import { totalsJson } from './json/report.ts'

const HEADERS = { user: ['uid', 'user_name', 'alias'], gpu: ['gpu_id'], day: ['day'] } as const

/**
 * What `report --csv` prints: the rows with the keys of the JSON as header, as RFC 4180 has it.
 *
 * @param hasHosts whether it is about several hosts
 */
export function reportCsv({ by, total, rows }: Report, hasHosts = false): string[] {
  const host = hasHosts && by === 'gpu' ? ['host'] : []
  const header = [...host, ...HEADERS[by], ...Object.keys(totalsJson(total, total))]
  const values = rows.map(row => [...groupCells(row), ...Object.values(totalsJson(row, total))])
  return [header, ...values].map(cells => cells.map(csvCell).join(','))
}

function groupCells(row: ReportRow): (string | number | null)[] {
  switch (row.by) {
    case 'user':
      return [row.holder.uid, row.holder.userName, row.alias]
    case 'gpu':
      return row.host === null ? [row.index] : [row.host, row.index]
    case 'day':
      return [row.date]
  }
}

function csvCell(value: string | number | null): string {
  const text = String(value ?? '')
  return /[",\s]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
