import { type Grouping, type Report, reporter, usesInPool } from '../core/report.ts'
import { sightAll } from '../process/identity.ts'
import { isTerminal, terminalColumns } from '../system/libc/terminal-modes.ts'
import { expectRepetition } from '../system/machine-code.ts'
import type { Context } from './command.ts'
import { initialized } from './context.ts'
import { localDays } from './local-days.ts'
import { reportDocument } from './output/json/report.ts'
import { reportCsv } from './output/report-csv.ts'
import { reportTable } from './output/report-table.ts'

const STDOUT = 1

/** What a report is to show, and how. */
export interface Asked {
  readonly dayCount: number
  readonly by: Grouping
  readonly form: 'table' | 'json' | 'csv'
}

/** Sums up the last days, the reservations that go on now included, and prints that. */
export async function showReport(context: Context, { dayCount, by, form }: Asked): Promise<void> {
  expectRepetition()
  const now = context.now()
  const days = localDays(now, dayCount)
  const { store, pool: before } = await context.openPool('read')
  const sums = reporter(
    by,
    days,
    before.gpus.map(({ index }) => ({ host: null, index })),
  )
  const pool = initialized(await store.readWithUses(days[0]?.from ?? now, use => sums.add(use)))
  for (const use of usesInPool(pool, sightAll(pool), now)) sums.add(use)
  printReport(context, sums.report(), { form, since: days[0]?.date ?? '', hosts: null, now })
}

/** @param hosts whose use it is, null for the one host of a store */
export function printReport(
  context: Context,
  report: Report,
  {
    form,
    since: date,
    hosts,
    now,
  }: Pick<Asked, 'form'> & { since: string; hosts: readonly string[] | null; now: number },
): void {
  switch (form) {
    case 'json':
      return void context.print(reportDocument(report, hosts, now))
    case 'csv':
      return void context.print(...reportCsv(report, hosts !== null))
    case 'table': {
      const columns = isTerminal(STDOUT) ? terminalColumns(STDOUT) : null
      const since = `Since ${date}${hosts ? ` on ${hosts.length} host(s)` : ''}`
      return void context.print(since, ...reportTable(report, { columns, hasBlocks: hasBlocks(process.env) }))
    }
  }
}

/** Whether the locale is one of Unicode; the first of these variables that is set decides, setlocale(3). */
function hasBlocks({ LC_ALL, LC_CTYPE, LANG }: Readonly<Record<string, string | undefined>>): boolean {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '')
}
