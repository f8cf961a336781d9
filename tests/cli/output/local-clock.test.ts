import { expect, test } from 'bun:test'
import { answerOf } from '../../helpers/programs.ts'

/** Zones by name where the system knows them, and by rule where it does not; offsets of half hours, and both hemispheres. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'America/St_Johns',
  'CET-1CEST,M3.5.0,M10.5.0/3',
  'EST5EDT,M3.2.0,M11.1.0',
  'XXX-12:45',
  'nonsense',
  '',
]

/** Every 11 hours and some of three years, and both sides of the changes to and from summer time. */
const INSTANTS = [
  0,
  999,
  ...Array.from({ length: 2400 }, (_, step) => Date.UTC(2025, 0, 1) + step * (11 * 3_600_000 + 61_001)),
  ...[
    Date.UTC(2026, 2, 29, 1),
    Date.UTC(2026, 9, 25, 1),
    Date.UTC(2026, 2, 8, 7),
    Date.UTC(2026, 10, 1, 6),
  ].flatMap(change => [change - 1000, change - 1, change, change + 1000]),
  Date.UTC(2038, 0, 19, 3, 14, 8),
  Date.UTC(2100, 1, 28, 23, 59, 59),
]

test.each(ZONES)('the local time is what date(1) says, in the zone %j', async zone => {
  const instants = INSTANTS.join(' ')
  const ours = await answerOf('local-clock', [instants], { wrapper: ['env', `TZ=${zone}`] })
  const { stdout } = Bun.spawnSync(['date', '-f', '-', '+%Y-%m-%d %H:%M:%S'], {
    env: { PATH: process.env.PATH ?? '', TZ: zone },
    stdin: Buffer.from(INSTANTS.map(at => `@${Math.floor(at / 1000)}\n`).join('')),
  })
  expect(ours.split('\n')).toEqual(stdout.toString().trimEnd().split('\n'))
})

test('without TZ it is the time of the host', async () => {
  const at = Date.UTC(2026, 10, 24, 18, 30)
  const { stdout } = Bun.spawnSync(['date', '-d', `@${at / 1000}`, '+%Y-%m-%d %H:%M:%S'], {
    env: { PATH: process.env.PATH ?? '' },
  })
  expect(await answerOf('local-clock', [String(at)])).toBe(stdout.toString().trimEnd())
})
