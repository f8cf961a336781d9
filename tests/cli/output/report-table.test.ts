import { describe, expect, test } from 'bun:test'
import { columnsOf, cut } from '../../../src/cli/output/columns.ts'
import { reportTable } from '../../../src/cli/output/report-table.ts'
import type { Report, Totals } from '../../../src/core/report.ts'
import fc from '../../helpers/fast-check.ts'
import { HOUR, MINUTE } from '../../helpers/pools.ts'

const nothing: Totals = { gpuMs: 0, unusedGpuMs: 0, runs: 0, manual: 0, waitedMs: 0, longestWaitMs: 0 }

/** Users with so many GPU hours each. */
function aReport(users: Readonly<Record<string, number>>, parts: Partial<Totals> = {}): Report {
  const rows = Object.entries(users).map(([userName, hours], uid) => ({
    by: 'user' as const,
    holder: { uid, userName },
    alias: null,
    ...nothing,
    ...parts,
    gpuMs: hours * HOUR,
  }))
  const gpuMs = rows.reduce((sum, row) => sum + row.gpuMs, 0)
  return { by: 'user', from: 0, to: 0, total: { ...nothing, ...parts, gpuMs }, rows }
}

const wide = { columns: null, hasBlocks: true }

test('a table tells hours, shares, counts and waits, with a bar in proportion to the most', () => {
  const facts = {
    runs: 3,
    manual: 1,
    unusedGpuMs: 90 * MINUTE,
    waitedMs: 8 * MINUTE,
    longestWaitMs: 5 * MINUTE,
  }
  expect(reportTable(aReport({ alice: 8, bob: 2 }, facts), wide)).toEqual([
    'User   GPU hours   Share  Runs  Manual  Unused  Mean wait  Longest wait',
    `alice        8.0   80.0%     3       1     1.5   0h 2m 0s      0h 5m 0s  ${'█'.repeat(40)}`,
    `bob          2.0   20.0%     3       1     1.5   0h 2m 0s      0h 5m 0s  ${'█'.repeat(10)}`,
    'Total       10.0  100.0%     3       1     1.5   0h 2m 0s      0h 5m 0s',
  ])
})

test('a table of nothing has no bars', () => {
  expect(reportTable(aReport({ alice: 0 }), wide).join('\n')).not.toContain('█')
  expect(reportTable(aReport({}), wide)).toHaveLength(2)
})

test('bars are as fine as an eighth of a column, or of # where there are no block elements', () => {
  const report = aReport({ alice: 320, bob: 1, carol: 13 })
  const bars = (hasBlocks: boolean) =>
    reportTable(report, { columns: null, hasBlocks }).map(line => /([█▏▎▍▌▋▊▉#]*)$/.exec(line)?.[1])
  expect(bars(true)).toEqual(['', '█'.repeat(40), '▏', '█▋', ''])
  expect(bars(false)).toEqual(['', '#'.repeat(40), '', '##', ''])
})

test('on a narrow terminal columns are left out from the right, then the bar, then letters of names', () => {
  const report = aReport({ 'a-very-long-user-name': 8, bob: 2 })
  const on = (columns: number, hasBlocks = true) => reportTable(report, { columns, hasBlocks })
  expect(on(76)[0]).toEndWith('Runs  Manual  Unused')
  expect(on(45)).toEqual([
    'User                   GPU hours',
    `a-very-long-user-name        8.0  ${'█'.repeat(11)}`,
    `bob                          2.0  ██▊`,
    'Total                       10.0',
  ])
  expect(on(20)).toEqual([
    'User       GPU hours',
    'a-very-l…        8.0',
    'bob              2.0',
    'Total           10.0',
  ])
  expect(on(20, false)[1]).toBe('a-very-l~        8.0')
})

describe('whatever the names and the terminal', () => {
  const names = fc.dictionary(
    fc.oneof(
      fc.string({ minLength: 1, maxLength: 30 }),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
      fc.constantFrom('训练-naïve', '\x1b[31mred', '한국어'),
    ),
    fc.double({ min: 0, max: 100_000, noNaN: true }),
    { minKeys: 1, maxKeys: 5 },
  )

  test('no line is wider than the terminal, and none holds what moves the cursor', () => {
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 200 }), fc.boolean(), (users, columns, hasBlocks) => {
        const lines = reportTable(aReport(users), { columns, hasBlocks })
        for (const line of lines) {
          expect(columnsOf(line)).toBeLessThanOrEqual(columns)
          expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f]/)
        }
        expect(lines).toHaveLength(Object.keys(users).length + 2)
      }),
    )
  })

  test('the numbers stand below each other', () => {
    fc.assert(
      fc.property(names, users => {
        const ends = reportTable(aReport(users), wide).map(line => {
          const numbers = /^(.*%|.*Share)/.exec(line)?.[1] ?? line
          return columnsOf(numbers)
        })
        expect(new Set(ends).size).toBe(1)
      }),
    )
  })
})

test('text is as wide as a terminal shows it, and cut without going beyond', () => {
  expect(['abc', '训练', 'naïve', 'e\u0301', '', '🎉'].map(columnsOf)).toEqual([3, 4, 5, 1, 0, 2])
  expect([9, 4, 3, 1, 0].map(columns => cut('训练ab', columns, '…'))).toEqual([
    '训练ab',
    '训…',
    '训…',
    '…',
    '',
  ])
})
