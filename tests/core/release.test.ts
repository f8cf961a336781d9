import { describe, expect, test } from 'bun:test'
import { applyChanges } from '../../src/core/changes.ts'
import type { Sighting } from '../../src/core/expire.ts'
import type { Reservation } from '../../src/core/pool.ts'
import { recordHeartbeat, releaseKept, releaseManual } from '../../src/core/release.ts'
import { eventsOf, poolChanges, recordsOf } from '../helpers/answers.ts'
import { situation } from '../helpers/arbitrary-pools.ts'
import fc from '../helpers/fast-check.ts'
import { aHolder, aManual, aPool, aRun, NOW } from '../helpers/pools.ts'
import { isOver } from '../helpers/reference.ts'

const [alice, bob] = [1000, 1001]

describe('releaseManual', () => {
  test('ends all manual reservations of the user, and gives their GPUs by ascending number', () => {
    const reservations = [
      aManual({ id: 'a', gpus: [3, 5] }),
      aManual({ id: 'b', gpus: [1] }),
      aManual({ id: 'c', gpus: [0, 2], holder: aHolder(bob) }),
    ]
    const { changes, result } = releaseManual(aPool({ reservations }), alice, new Map(), NOW)
    expect(poolChanges(changes)).toEqual([
      { kind: 'remove', id: 'a', releasedAt: NOW },
      { kind: 'remove', id: 'b', releasedAt: NOW },
    ])
    expect(result).toEqual([1, 3, 5])
  })

  test('keeps what each has come to, and writes it in the log', () => {
    const held = aManual({ gpus: [3, 5], note: 'demo', alias: 'lab', waitedMs: 7, unusedGpuMs: 9 })
    const { changes } = releaseManual(aPool({ reservations: [held] }), alice, new Map(), NOW)
    const { expiresAt: _, idleWarnedAt: __, ...claim } = held
    expect(recordsOf(changes)).toEqual([{ ...claim, endedAt: NOW, ending: 'released' }])
    const { id, holder, alias, gpus, note } = held
    expect(eventsOf(changes)).toEqual([
      { at: NOW, kind: 'released', id, holder, alias, gpus, note, by: null },
    ])
  })

  test('sorts GPUs as numbers, not as texts', () => {
    const reservations = [aManual({ id: 'a', gpus: [10] }), aManual({ id: 'b', gpus: [9] })]
    expect(releaseManual(aPool({ gpus: 11, reservations }), alice, new Map(), NOW).result).toEqual([9, 10])
  })

  test("never ends a run's reservation, nor another user's of the same name", () => {
    const reservations = [
      aRun({ gpus: [0] }),
      aManual({ gpus: [1], holder: { uid: bob, userName: 'user1000' } }),
    ]
    expect(releaseManual(aPool({ reservations }), alice, new Map(), NOW)).toEqual({ changes: [], result: [] })
  })

  test('goes by the uid, whatever the user was called when they reserved', () => {
    const reservations = [aManual({ holder: { uid: alice, userName: 'uid 1000' } })]
    expect(releaseManual(aPool({ reservations }), alice, new Map(), NOW).result).toEqual([0])
  })

  test('does not count what had ended before, but writes it down with its own time', () => {
    const reservations = [
      aManual({ id: 'expired', gpus: [0], expiresAt: NOW - 5 }),
      aManual({ id: 'live', gpus: [1] }),
      aRun({ id: 'dead', gpus: [2], holder: aHolder(bob), heartbeatAt: NOW - 9 }),
    ]
    const sightings = new Map<string, Sighting>([['dead', 'gone']])
    const { changes, result } = releaseManual(aPool({ reservations }), alice, sightings, NOW)
    expect(poolChanges(changes)).toEqual([
      { kind: 'remove', id: 'expired', releasedAt: NOW - 5 },
      { kind: 'remove', id: 'dead', releasedAt: NOW - 9 },
      { kind: 'remove', id: 'live', releasedAt: NOW },
    ])
    expect(recordsOf(changes)).toMatchObject([
      { id: 'expired', endedAt: NOW - 5, ending: 'expired' },
      { id: 'dead', endedAt: NOW - 9, ending: 'reclaimed' },
      { id: 'live', endedAt: NOW, ending: 'released' },
    ])
    expect(result).toEqual([1])
  })

  test("ends exactly the user's manual reservations that live, in any situation", () => {
    fc.assert(
      fc.property(situation, fc.constantFrom(1000, 1001, 1002), ({ pool, facts: { sightings } }, uid) => {
        const { changes, result } = releaseManual(pool, uid, sightings, NOW)
        const live = pool.reservations.filter(reservation => !isOver(reservation, sightings, NOW))
        const isOwn = ({ type, holder }: Reservation) => type === 'manual' && holder.uid === uid
        expect(result).toEqual(
          live
            .filter(isOwn)
            .flatMap(({ gpus }) => gpus)
            .sort((a, b) => a - b),
        )
        expect(applyChanges(pool, changes)?.reservations).toEqual(live.filter(held => !isOwn(held)))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a keeper', () => {
  const kept = { id: 'run-1', uid: alice }
  const pool = aPool({ reservations: [aRun(), aRun({ id: 'other', gpus: [1] })] })

  test('releases the reservation that it keeps', () => {
    const { changes } = releaseKept(pool, kept, NOW)
    expect(poolChanges(changes)).toEqual([{ kind: 'remove', id: 'run-1', releasedAt: NOW }])
    expect(recordsOf(changes)).toMatchObject([{ id: 'run-1', endedAt: NOW, ending: 'finished' }])
    expect(eventsOf(changes)).toMatchObject([{ id: 'run-1', at: NOW, kind: 'finished', by: null }])
  })

  test('records a heartbeat, and learns that its reservation is there', () => {
    expect(recordHeartbeat(pool, kept, NOW)).toEqual({
      changes: [{ kind: 'heartbeat', id: 'run-1', at: NOW }],
      result: true,
    })
  })

  test.each([
    ['is over already', { id: 'gone', uid: alice }],
    ["is another user's", { id: 'run-1', uid: bob }],
  ])('does nothing to a reservation that %s, and learns that it is not there', (_, kept) => {
    expect(releaseKept(pool, kept, NOW).changes).toEqual([])
    expect(recordHeartbeat(pool, kept, NOW)).toEqual({ changes: [], result: false })
  })
})
