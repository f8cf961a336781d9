import { describe, expect, test } from 'bun:test'
import type { Day } from '../../src/core/report.ts'
import { answerOf } from '../helpers/programs.ts'

/** Beside the usual ones: no midnight when summer time begins, half hours, and (Apia) a day that never was. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'America/Havana',
  'Asia/Beirut',
  'Pacific/Apia',
  'CET-1CEST,M3.5.0,M10.5.0/3',
  'MID-2MIDS,M3.5.0/0,M10.5.0/1',
]

const MOMENTS = [
  Date.UTC(2026, 10, 24, 18, 30),
  Date.UTC(2026, 3, 3),
  Date.UTC(2012, 0, 3, 12),
  Date.UTC(2026, 2, 29, 22, 0, 0) - 1,
]

async function daysIn(zone: string, now: number, count: number): Promise<Day[]> {
  return JSON.parse(
    await answerOf('local-days', [String(now), String(count)], { wrapper: ['env', `TZ=${zone}`] }),
  )
}

function dates(zone: string, instants: readonly number[]): string[] {
  const { stdout } = Bun.spawnSync(['date', '-f', '-', '+%Y-%m-%d'], {
    env: { PATH: process.env.PATH ?? '', TZ: zone },
    stdin: Buffer.from(instants.map(at => `@${Math.floor(at / 1000)}\n`).join('')),
  })
  return stdout.toString().trimEnd().split('\n')
}

describe.each(ZONES)('the days in the zone %s', zone => {
  test.each(MOMENTS)('at %d are those of date(1), without a gap, and the last is today', async now => {
    const days = await daysIn(zone, now, 40)
    expect(days).toHaveLength(40)
    for (const [place, { to }] of days.slice(0, -1).entries()) expect(days[place + 1]?.from).toBe(to)
    // The first and the last second of each day lie in it.
    const ends = days.flatMap(({ from, to }) => [from, to - 1000])
    expect(dates(zone, ends)).toEqual(days.flatMap(({ date }) => [date, date]))
    expect(new Set(days.map(({ date }) => date)).size).toBe(40)
    const today = days.at(-1)
    expect(today?.date).toBe(dates(zone, [now])[0] ?? '')
    expect(now >= (today?.from ?? 0) && now < (today?.to ?? 0)).toBe(true)
  })
})

test('a day at whose beginning the clocks go forward has 23 hours', async () => {
  const [first] = await daysIn('MID-2MIDS,M3.5.0/0,M10.5.0/1', Date.UTC(2026, 2, 29, 12), 1)
  expect((first?.to ?? 0) - (first?.from ?? 0)).toBe(23 * 3_600_000)
})
