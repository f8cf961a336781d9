import { describe, expect, test } from 'bun:test'
import { applyChanges } from '../../src/core/changes.ts'
import {
  endOf,
  HEARTBEAT_INTERVAL_MS,
  HEARTBEAT_TIMEOUT_MS,
  type Sighting,
  settle,
} from '../../src/core/expire.ts'
import type { Reservation } from '../../src/core/pool.ts'
import { poolChanges } from '../helpers/answers.ts'
import { situation } from '../helpers/arbitrary-pools.ts'
import fc from '../helpers/fast-check.ts'
import { aManual, aPool, aRun, DAY, MINUTE, NOW } from '../helpers/pools.ts'

const sighted = (sighting: Sighting | null) => new Map(sighting ? [['run-1', sighting]] : [])

test('a keeper records a heartbeat every 60 s, and five that are missing are too many', () => {
  expect([HEARTBEAT_INTERVAL_MS, HEARTBEAT_TIMEOUT_MS]).toEqual([60_000, 300_000])
})

describe('endOf', () => {
  test.each([
    ['before its time', NOW + 1, null],
    ['at its time', NOW, NOW],
    ['after its time', NOW - 1, NOW - 1],
    ['days after its time', NOW - 3 * DAY, NOW - 3 * DAY],
  ])('a manual reservation %s', (_, expiresAt, ended) => {
    const end = ended === null ? null : { endedAt: ended, ending: 'expired' as const }
    expect(endOf(aManual({ expiresAt }), new Map(), NOW)).toEqual(end)
  })

  test('a manual reservation does not ask for a process', () => {
    expect(endOf(aManual(), new Map([['manual-1', 'gone']]), NOW)).toBeNull()
  })

  const [fresh, atTimeout, silent, future] = [NOW - 1, NOW - 5 * MINUTE, NOW - 5 * MINUTE - 1, NOW + DAY]
  test.each<[string, Sighting | null, number, boolean]>([
    ['runs', 'alive', fresh, false],
    ['runs, and has been silent for days (stopped, or its keeper was killed)', 'alive', NOW - 3 * DAY, false],
    ['is gone, a moment after its heartbeat', 'gone', fresh, true],
    ['is gone, long after its heartbeat', 'gone', NOW - 3 * DAY, true],
    ['is gone, and its heartbeat is ahead of a clock that was put back', 'gone', future, true],
    ['cannot be seen, and beats', 'unseen', fresh, false],
    ['cannot be seen, and has been silent for just five minutes', 'unseen', atTimeout, false],
    ['cannot be seen, and has been silent for longer', 'unseen', silent, true],
    ['cannot be seen, and its heartbeat is ahead of a clock that was put back', 'unseen', future, false],
    ['was not looked for, and beats', null, fresh, false],
    ['was not looked for, and has been silent for too long', null, silent, true],
  ])('a run whose process %s', (_, sighting, heartbeatAt, over) => {
    const note = sighting === 'gone' ? 'its process is gone' : expect.stringMatching(/^no heartbeat for \d+h/)
    const end = over ? { endedAt: heartbeatAt, ending: 'reclaimed', note } : null
    expect<unknown>(endOf(aRun({ heartbeatAt }), sighted(sighting), NOW)).toEqual(end)
  })
})

describe('a run that its keeper has seen to end is finished, whoever writes it down,', () => {
  test.each([
    ['at this moment', NOW - 1, NOW],
    ['at this moment where the next heartbeat is just due', NOW - MINUTE, NOW],
    ['at this moment where the clock was put back', NOW + DAY, NOW],
    ['when a heartbeat was due of a keeper that could not give it', NOW - 3 * DAY, NOW - 3 * DAY + MINUTE],
  ])('%s', (_, heartbeatAt, endedAt) => {
    expect(endOf(aRun({ heartbeatAt }), sighted('ended'), NOW)).toEqual({ endedAt, ending: 'finished' })
  })
})

describe('settle', () => {
  test('takes out what is over and leaves the rest as it is', () => {
    const [live, dead] = [aRun({ id: 'live', gpus: [0] }), aRun({ id: 'dead', gpus: [1, 2] })]
    const [valid, expired] = [
      aManual({ id: 'valid', gpus: [3] }),
      aManual({ id: 'expired', gpus: [5], expiresAt: NOW - 7 }),
    ]
    const pool = aPool({ gpus: [9, 9, 9, 9, 9, null], reservations: [live, dead, valid, expired] })
    const sightings = new Map<string, Sighting>([
      ['live', 'alive'],
      ['dead', 'gone'],
    ])
    const settled = settle(pool, sightings, NOW)
    const freed = ({ id }: Reservation, lastReleasedAt: number) => ({
      lastReleasedAt,
      lastHolderUid: 1000,
      lastReservationId: id,
    })
    expect(settled.pool).toEqual(
      aPool({
        gpus: [
          9,
          freed(dead, dead.heartbeatAt),
          freed(dead, dead.heartbeatAt),
          9,
          9,
          freed(expired, NOW - 7),
        ],
        reservations: [live, valid],
      }),
    )
    expect(poolChanges(settled.changes)).toEqual([
      { kind: 'remove', id: 'dead', releasedAt: dead.heartbeatAt },
      { kind: 'remove', id: 'expired', releasedAt: NOW - 7 },
    ])
  })

  test('has nothing to change in a pool where nothing is over', () => {
    const pool = aPool({ reservations: [aRun(), aManual({ gpus: [1] })] })
    expect(settle(pool, sighted('alive'), NOW)).toEqual({ pool, changes: [] })
  })

  test('gives a pool that is what its changes make of the old one, in which nothing is over any more', () => {
    fc.assert(
      fc.property(situation, ({ pool, facts: { sightings, now } }) => {
        const settled = settle(pool, sightings, now)
        expect(applyChanges(pool, settled.changes)).toEqual(settled.pool)
        expect(settle(settled.pool, sightings, now).changes).toEqual([])
      }),
    )
  })
})
