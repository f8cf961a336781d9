import { describe, expect, test } from 'bun:test'
import { parseClockTime } from '../../src/cli/until.ts'
import { outcome, start } from '../helpers/executable.ts'
import { program } from '../helpers/programs.ts'

/** The instants that texts mean at a moment, in a time zone. */
async function instants(TZ: string, asked: readonly [text: string, now: string][]): Promise<unknown[]> {
  const { command, env } = await program('until')
  const words = JSON.stringify(asked.map(([text, now]) => [text, Date.parse(now)]))
  const { stdout } = await outcome(start([...command, words], { env: { ...env, TZ } }))
  return (JSON.parse(stdout) as (number | null)[]).map(at =>
    at === null ? null : new Date(at).toISOString(),
  )
}

/** On 8 March 2026 its clock goes from 2:00 to 3:00, and on 1 November from 2:00 back to 1:00. */
const NEW_YORK = 'EST5EDT,M3.2.0,M11.1.0'

describe('a time of day', () => {
  test.each<[why: string, zone: string, text: string, now: string, at: string | null]>([
    ['that comes today is today’s', 'UTC', '18:00', '2026-11-24T12:00:00Z', '2026-11-24T18:00:00Z'],
    ['that is over is tomorrow’s', 'UTC', '8:00', '2026-11-24T12:00:00Z', '2026-11-25T08:00:00Z'],
    ['that is now is tomorrow’s', 'UTC', '12:00', '2026-11-24T12:00:00Z', '2026-11-25T12:00:00Z'],
    ['may have seconds', 'UTC', '12:00:01', '2026-11-24T12:00:00Z', '2026-11-24T12:00:01Z'],
    ['goes over the end of a year', 'UTC', '0:00', '2026-12-31T12:00:00Z', '2027-01-01T00:00:00Z'],
    ['is the local clock’s', 'JST-9', '18:00', '2026-11-24T12:00:00Z', '2026-11-25T09:00:00Z'],
    ['is the summer’s in summer', NEW_YORK, '18:00', '2026-07-01T12:00:00Z', '2026-07-01T22:00:00Z'],
    [
      'comes after 23 hours over a night in spring',
      NEW_YORK,
      '12:00',
      '2026-03-07T17:00:00Z',
      '2026-03-08T16:00:00Z',
    ],
    [
      'comes after 25 hours over a night in autumn',
      NEW_YORK,
      '12:00',
      '2026-10-31T16:00:00Z',
      '2026-11-01T17:00:00Z',
    ],
    [
      'that the clock skips comes a day later',
      NEW_YORK,
      '2:30',
      '2026-03-08T05:00:00Z',
      '2026-03-09T06:30:00Z',
    ],
    [
      'that the clock shows twice comes first in summer time',
      NEW_YORK,
      '1:30',
      '2026-11-01T04:00:00Z',
      '2026-11-01T05:30:00Z',
    ],
    [
      'that the clock shows twice comes again in winter time',
      NEW_YORK,
      '1:30',
      '2026-11-01T05:30:00Z',
      '2026-11-01T06:30:00Z',
    ],
    ['may be tomorrow’s', NEW_YORK, 'tomorrow 8:00', '2026-03-07T12:00:00Z', '2026-03-08T12:00:00Z'],
    ['may be of a day', 'UTC', '2026-11-25 08:00', '2026-11-24T12:00:00Z', '2026-11-25T08:00:00Z'],
    [
      'may be of a day as programs write it',
      'UTC',
      '2028-02-29T08:00',
      '2026-11-24T12:00:00Z',
      '2028-02-29T08:00:00Z',
    ],
    ['of a day that is over never comes', 'UTC', '2026-11-23 08:00', '2026-11-24T12:00:00Z', null],
    ['of a day that is skipped never comes', NEW_YORK, '2026-03-08 02:30', '2026-03-01T12:00:00Z', null],
    ['of a day that does not exist never comes', 'UTC', '2027-02-29 08:00', '2026-11-24T12:00:00Z', null],
  ])('%s', async (_, zone, text, now, at) => {
    expect(await instants(zone, [[text, now]])).toEqual([at && new Date(at).toISOString()])
  })

  test('is, at any moment of a year, the next instant that date(1) shows as this time', async () => {
    const times = ['00:00', '01:30', '02:30', '03:00', '18:45']
    const asked = Array.from({ length: 365 }, (_, day): [string, string] => [
      times[day % times.length] ?? '',
      new Date(Date.UTC(2026, 0, 1, 0, day * 1447)).toISOString(),
    ])
    const found = (await instants(NEW_YORK, asked)).map(at => Date.parse(String(at)) / 1000)
    // The clock as date(1) has it, at all instants at which it could show a time that ends in a full quarter.
    const quarter = 900
    const first = Date.UTC(2026, 0, 1) / 1000
    const all = Array.from({ length: 370 * 96 }, (_, step) => first + step * quarter)
    const date = Bun.spawnSync(['date', '-f', '-', '+%H:%M'], {
      env: { TZ: NEW_YORK },
      stdin: Buffer.from(all.map(at => `@${at}\n`).join('')),
    })
    const shown = date.stdout.toString().split('\n')
    const expected = asked.map(([text, now]) =>
      all.find((at, step) => at * 1000 > Date.parse(now) && shown[step] === text),
    )
    expect(found).toEqual(expected.map(Number))
  })

  test.each([
    '',
    '18',
    '24:00',
    '18:60',
    '18:00:60',
    '18:0',
    '1800',
    '6pm',
    'tomorrow',
    '26-11-25 08:00',
    '-1:00',
  ])('is not what %p says', text => {
    expect(parseClockTime(text)).toBeNull()
  })
})
