import { describe, expect, test } from 'bun:test'
import {
  type Day,
  type Grouping,
  type Report,
  reporter,
  type Use,
  usesInPool,
} from '../../src/core/report.ts'
import fc from '../helpers/fast-check.ts'
import { aHolder, aManual, aPool, aRun, DAY, HOUR, MINUTE, NOW } from '../helpers/pools.ts'

/** Three days, the second of which has only 23 hours. */
const FROM = NOW - 3 * DAY
const DAYS: readonly Day[] = [
  { date: '2026-01-12', from: FROM, to: FROM + DAY },
  { date: '2026-01-13', from: FROM + DAY, to: FROM + 2 * DAY - HOUR },
  { date: '2026-01-14', from: FROM + 2 * DAY - HOUR, to: FROM + 3 * DAY - HOUR },
]
const TO = FROM + 3 * DAY - HOUR

function aUse(parts: Partial<Use> = {}): Use {
  return {
    type: 'run',
    holder: aHolder(),
    alias: null,
    gpus: [0],
    reservedAt: FROM + HOUR,
    endedAt: FROM + 3 * HOUR,
    waitedMs: 0,
    unusedGpuMs: 0,
    ...parts,
  }
}

function reportOf(by: Grouping, uses: readonly Use[], gpus: readonly number[] = []): Report {
  const { add, report } = reporter(
    by,
    DAYS,
    gpus.map(index => ({ host: null, index })),
  )
  for (const use of uses) add(use)
  return report()
}

const nothing = { gpuMs: 0, unusedGpuMs: 0, runs: 0, manual: 0, waitedMs: 0, longestWaitMs: 0 }

describe('a report', () => {
  test('counts two GPUs for two hours as four GPU hours', () => {
    expect(reportOf('user', [aUse({ gpus: [0, 3] })]).total.gpuMs).toBe(4 * HOUR)
  })

  test('of nothing has no users, but all GPUs and all days', () => {
    expect(reportOf('user', [])).toEqual({ by: 'user', from: FROM, to: TO, total: nothing, rows: [] })
    expect(reportOf('gpu', [], [0, 1]).rows.map(row => row.by === 'gpu' && row.index)).toEqual([0, 1])
    expect(reportOf('day', []).rows).toEqual(DAYS.map(({ date }) => ({ by: 'day', date, ...nothing })))
  })

  test('takes of a use that began before only the part within, and as much of its unused time', () => {
    const use = aUse({ reservedAt: FROM - 3 * HOUR, endedAt: FROM + HOUR, unusedGpuMs: 2 * HOUR })
    expect(reportOf('user', [use]).total).toMatchObject({ gpuMs: HOUR, unusedGpuMs: HOUR / 2, runs: 1 })
  })

  test.each([
    ['that ended as it begins', FROM - HOUR, FROM, 0],
    ['that ended just after it begins', FROM - HOUR, FROM + 1, 1],
    ['of no time as it begins', FROM, FROM, 1],
    ['of no time as it ends', TO, TO, 0],
    ['that began just before it ends', TO - 1, TO + HOUR, 1],
    ['that began as it ends', TO, TO + HOUR, 0],
    ['that is longer than it', FROM - DAY, TO + DAY, 1],
  ])('counts a use %s the right number of times', (_name, reservedAt, endedAt, runs) => {
    for (const by of ['user', 'gpu', 'day'] as const) {
      const { total, rows } = reportOf(by, [aUse({ reservedAt, endedAt })])
      expect([total.runs, rows.reduce((sum, row) => sum + row.runs, 0)]).toEqual([runs, runs])
    }
  })

  test('never has more unused hours than GPU hours: the last heartbeat may be older than the last look', () => {
    expect(reportOf('user', [aUse({ unusedGpuMs: 5 * HOUR })]).total.unusedGpuMs).toBe(2 * HOUR)
  })

  test('splits a use over the days, and counts it with its wait on the first', () => {
    const use = aUse({ reservedAt: FROM + 20 * HOUR, endedAt: FROM + 50 * HOUR, waitedMs: MINUTE })
    expect(reportOf('day', [use]).rows).toMatchObject([
      { gpuMs: 4 * HOUR, runs: 1, waitedMs: MINUTE },
      { gpuMs: 23 * HOUR, runs: 0, waitedMs: 0 },
      { gpuMs: 3 * HOUR, runs: 0, waitedMs: 0 },
    ])
  })

  test('counts a use for each of its GPUs, those that the pool has no more, too, and once in total', () => {
    const { rows, total } = reportOf('gpu', [aUse({ gpus: [1, 9], type: 'manual' })], [0, 1])
    expect(rows).toMatchObject([
      { index: 0, gpuMs: 0, manual: 0 },
      { index: 1, gpuMs: 2 * HOUR, manual: 1 },
      { index: 9, gpuMs: 2 * HOUR, manual: 1 },
    ])
    expect(total).toMatchObject({ gpuMs: 4 * HOUR, manual: 1 })
  })

  test('knows users by their uid, calls them by their latest name, and tells apart who shares an account', () => {
    const early = { uid: 7, userName: 'old' }
    const late = { uid: 7, userName: 'new' }
    const { rows } = reportOf('user', [
      aUse({ holder: late, endedAt: FROM + 9 * HOUR }),
      aUse({ holder: early }),
      aUse({ holder: late, alias: 'ann' }),
      aUse({ holder: { uid: 8, userName: 'new' }, endedAt: FROM + 4 * HOUR }),
    ])
    expect(rows).toMatchObject([
      { holder: late, alias: null, gpuMs: 10 * HOUR, runs: 2 },
      { holder: { uid: 8, userName: 'new' }, alias: null, gpuMs: 3 * HOUR },
      { holder: late, alias: 'ann', gpuMs: 2 * HOUR },
    ])
  })
})

describe('the uses in a pool', () => {
  test('are the reservations that go on, up to now', () => {
    const pool = aPool({
      reservations: [aRun({ gpus: [0, 1], reservedAt: NOW - HOUR }), aManual({ gpus: [2] })],
    })
    expect(usesInPool(pool, new Map([['run-1', 'alive']]), NOW)).toMatchObject([
      { type: 'run', gpus: [0, 1], reservedAt: NOW - HOUR, endedAt: NOW },
      { type: 'manual', gpus: [2], endedAt: NOW },
    ])
  })

  test('are also those that are over and that nobody has written down, up to their end', () => {
    const pool = aPool({
      reservations: [
        aRun({ heartbeatAt: NOW - 30 * MINUTE }),
        aManual({ gpus: [2], expiresAt: NOW - 20 * MINUTE }),
      ],
    })
    expect(usesInPool(pool, new Map([['run-1', 'gone']]), NOW)).toMatchObject([
      { type: 'run', endedAt: NOW - 30 * MINUTE },
      { type: 'manual', endedAt: NOW - 20 * MINUTE },
    ])
  })

  test('have no less than no time when the clock was set back', () => {
    const pool = aPool({ reservations: [aManual({ reservedAt: NOW + HOUR, expiresAt: NOW + 2 * HOUR })] })
    expect(usesInPool(pool, new Map(), NOW)).toMatchObject([{ reservedAt: NOW + HOUR, endedAt: NOW + HOUR }])
  })
})

/** Times on a grid of 15 minutes, so that the naive reference can count them one by one, and ends fall on ends. */
const STEP = 15 * MINUTE

const uses: fc.Arbitrary<Use[]> = fc.array(
  fc
    .record({
      type: fc.constantFrom('run' as const, 'manual' as const),
      uid: fc.constantFrom(1, 2, 3),
      alias: fc.constantFrom(null, 'ann', 'bob'),
      gpus: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 4 }),
      start: fc.integer({ min: -40, max: 300 }),
      steps: fc.oneof(fc.nat(3), fc.nat(400)),
      waitedMs: fc.nat(HOUR),
      unused: fc.constantFrom(0, 0.25, 0.5, 1),
    })
    .map(({ uid, start, steps, unused, ...parts }) => ({
      ...parts,
      holder: aHolder(uid),
      reservedAt: FROM + start * STEP,
      endedAt: FROM + (start + steps) * STEP,
      unusedGpuMs: unused * steps * STEP * parts.gpus.length,
    })),
  { maxLength: 12 },
)

/** What a row must hold, counted quarter of an hour by quarter of an hour. */
function naive(uses: readonly Use[], from: number, to: number, gpusOf: (use: Use) => number) {
  let [gpuMs, unusedGpuMs] = [0, 0]
  for (const use of uses) {
    const wholeMs = (use.endedAt - use.reservedAt) * use.gpus.length
    for (let at = use.reservedAt; at < use.endedAt; at += STEP) {
      if (at < from || at >= to) continue
      gpuMs += STEP * gpusOf(use)
      unusedGpuMs += (STEP * gpusOf(use) * use.unusedGpuMs) / wholeMs
    }
  }
  return { gpuMs, unusedGpuMs: Math.round(unusedGpuMs) }
}

function counted(uses: readonly Use[]) {
  const waits = uses.map(({ waitedMs }) => waitedMs)
  return {
    runs: uses.filter(({ type }) => type === 'run').length,
    manual: uses.filter(({ type }) => type === 'manual').length,
    waitedMs: waits.reduce((sum, wait) => sum + wait, 0),
    longestWaitMs: Math.max(0, ...waits),
  }
}

/** The instant at which a use counts, null when it does not. */
function countsAt({ reservedAt, endedAt }: Use): number | null {
  if (reservedAt >= TO || reservedAt >= FROM) return reservedAt >= TO ? null : reservedAt
  return endedAt > FROM ? FROM : null
}

describe('whatever the uses, the same as counted quarter of an hour by quarter of an hour', () => {
  test('in total, and by user', () => {
    fc.assert(
      fc.property(uses, uses => {
        const within = uses.filter(use => countsAt(use) !== null)
        const all = (use: Use) => use.gpus.length
        const { total, rows } = reportOf('user', uses)
        expect(total).toEqual({ ...naive(uses, FROM, TO, all), ...counted(within) })
        const people = new Set(within.map(({ holder, alias }) => `${holder.uid} ${alias}`))
        expect(new Set(rows.map(row => row.by === 'user' && `${row.holder.uid} ${row.alias}`))).toEqual(
          people,
        )
        for (const row of rows) {
          if (row.by !== 'user') throw new Error(row.by)
          const own = within.filter(
            ({ holder, alias }) => holder.uid === row.holder.uid && alias === row.alias,
          )
          expect(row).toMatchObject({ ...naive(own, FROM, TO, all), ...counted(own) })
        }
        expect(rows.map(({ gpuMs }) => gpuMs)).toEqual(rows.map(({ gpuMs }) => gpuMs).sort((a, b) => b - a))
      }),
    )
  })

  test('by GPU', () => {
    fc.assert(
      fc.property(uses, uses => {
        for (const row of reportOf('gpu', uses, [0, 1, 2, 3, 4, 5]).rows) {
          if (row.by !== 'gpu') throw new Error(row.by)
          const own = uses.filter(use => countsAt(use) !== null && use.gpus.includes(row.index))
          expect(row).toEqual({
            by: 'gpu',
            host: null,
            index: row.index,
            ...naive(own, FROM, TO, () => 1),
            ...counted(own),
          })
        }
      }),
    )
  })

  test('by day', () => {
    fc.assert(
      fc.property(uses, uses => {
        const { rows } = reportOf('day', uses)
        for (const [place, { date, from, to }] of DAYS.entries()) {
          const own = uses.filter(use => {
            const at = countsAt(use)
            return at !== null && at >= from && at < to
          })
          const time = naive(uses, from, to, use => use.gpus.length)
          expect(rows[place]).toEqual({ by: 'day', date, ...time, ...counted(own) })
        }
      }),
    )
  })
})
