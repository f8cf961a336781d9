import { formatDuration, HOUR_MS } from '../../core/duration.ts'
import { displayName } from '../../core/pool.ts'
import type { Report, ReportRow, Totals } from '../../core/report.ts'
import { columnsOf, cut } from './columns.ts'
import { safeText } from './safe-text.ts'

const GAP = '  '
const [LEAST_BAR, MOST_BAR] = [8, 40]

/** Where a table is shown. */
export interface Screen {
  /** null where there is no terminal, and so no limit. */
  readonly columns: number | null
  /** Whether it can show block elements; where not, bars are made of `#`. */
  readonly hasBlocks: boolean
}

/** In the order of importance: where a terminal is narrow, those at the end are left out. */
const COLUMNS: readonly { title: string; cell: (part: Totals, total: Totals) => string }[] = [
  { title: 'GPU hours', cell: ({ gpuMs }) => hours(gpuMs) },
  { title: 'Share', cell: ({ gpuMs }, total) => percent(gpuMs, total.gpuMs) },
  { title: 'Runs', cell: ({ runs }) => String(runs) },
  { title: 'Manual', cell: ({ manual }) => String(manual) },
  { title: 'Unused', cell: ({ unusedGpuMs }) => hours(unusedGpuMs) },
  { title: 'Mean wait', cell: part => formatDuration(meanWaitMs(part) ?? 0) },
  { title: 'Longest wait', cell: ({ longestWaitMs }) => formatDuration(longestWaitMs) },
]

/** A report as lines of a table with a bar for the GPU hours of each row, as wide as the terminal at most. */
export function reportTable({ by, rows, total }: Report, screen: Screen): string[] {
  const limit = screen.columns ?? Infinity
  const labels = [{ user: 'User', gpu: 'GPU', day: 'Day' }[by], ...rows.map(labelOf), 'Total'].map(safeText)
  const columns = COLUMNS.map(({ title, cell }) => {
    const cells = [title, ...rows.map(row => cell(row, total)), cell(total, total)]
    return padded(cells, (text, width) => text.padStart(width))
  })

  const labelWidth = Math.max(...labels.map(columnsOf))
  const widthOf = (count: number) =>
    columns.slice(0, count).reduce((sum, cells) => sum + GAP.length + (cells[0]?.length ?? 0), labelWidth)
  let shown = columns.length
  while (shown > 1 && widthOf(shown) + GAP.length + LEAST_BAR > limit) shown--
  const room = limit - widthOf(shown) - GAP.length
  const barWidth = room >= LEAST_BAR ? Math.min(room, MOST_BAR) : 0
  const mark = screen.hasBlocks ? '…' : '~'
  const labelRoom = Math.max(1, labelWidth + Math.min(0, limit - widthOf(shown)))

  const most = Math.max(...rows.map(({ gpuMs }) => gpuMs))
  return labels.map((label, place) => {
    const row = rows[place - 1]
    const bar = row && most > 0 ? barOf((row.gpuMs / most) * barWidth, screen.hasBlocks) : ''
    const text = cut(label, labelRoom, mark)
    const first = text + ' '.repeat(Math.max(0, Math.min(labelWidth, labelRoom) - columnsOf(text)))
    const cells = columns.slice(0, shown).map(cells => cells[place])
    return cut([first, ...cells, bar].join(GAP).trimEnd(), limit, mark)
  })
}

/** The mean over all reservations, those that did not wait, too; null where there is none. */
export function meanWaitMs({ waitedMs, runs, manual }: Totals): number | null {
  return runs + manual > 0 ? waitedMs / (runs + manual) : null
}

function labelOf(row: ReportRow): string {
  switch (row.by) {
    case 'user':
      return displayName(row)
    case 'gpu':
      return row.host === null ? `GPU ${row.index}` : `${row.host} GPU ${row.index}`
    case 'day':
      return row.date
  }
}

function padded(cells: readonly string[], pad: (text: string, width: number) => string): string[] {
  const width = Math.max(...cells.map(({ length }) => length))
  return cells.map(cell => pad(cell, width))
}

function hours(ms: number): string {
  return (ms / HOUR_MS).toFixed(1)
}

function percent(part: number, whole: number): string {
  return `${(whole > 0 ? (100 * part) / whole : 0).toFixed(1)}%`
}

/** A bar of so many columns; of block elements down to an eighth of one, U+2588 to U+258F. */
function barOf(columns: number, hasBlocks: boolean): string {
  if (!hasBlocks) return '#'.repeat(Math.round(columns))
  const eighths = Math.round(columns * 8)
  const rest = eighths % 8 > 0 ? String.fromCharCode(0x2590 - (eighths % 8)) : ''
  return '█'.repeat(Math.floor(eighths / 8)) + rest
}
