import { describe, expect, test } from 'bun:test'
import { applyChanges } from '../../src/core/changes.ts'
import { NoSuchGpuError, NotHolderError } from '../../src/core/errors.ts'
import type { Sighting } from '../../src/core/expire.ts'
import { planRelease, releaseByWord } from '../../src/core/release.ts'
import { eventsOf, recordsOf } from '../helpers/answers.ts'
import { situation } from '../helpers/arbitrary-pools.ts'
import fc from '../helpers/fast-check.ts'
import { aHolder, aManual, aPool, aRun, NOW } from '../helpers/pools.ts'
import { isOver } from '../helpers/reference.ts'
import { thrownBy } from '../helpers/thrown.ts'

const [root, alice, bob] = [aHolder(0), aHolder(1000), aHolder(1001)]

const manual = aManual({ id: 'manual', gpus: [2, 3] })
const run = aRun({ id: 'run', gpus: [0, 1] })
const dead = aRun({ id: 'dead', gpus: [4] })
const bobs = aRun({ id: 'bobs', gpus: [5], holder: bob, alias: 'robert' })
const bobsDead = aRun({ id: 'bobs-dead', gpus: [6], holder: bob })
const pool = aPool({ gpus: 8, reservations: [manual, run, dead, bobs, bobsDead] })
const sightings = new Map<string, Sighting>([
  ['run', 'alive'],
  ['bobs', 'alive'],
  ['dead', 'gone'],
  ['bobs-dead', 'gone'],
])
const plan = (by: typeof alice, ...gpuIds: number[]) => planRelease(pool, { by, gpuIds }, sightings, NOW)

describe('planRelease', () => {
  test('ends reservations of every type as wholes, in the order of their GPUs', () => {
    expect(plan(alice, 1, 3, 7)).toEqual({ live: [run, manual], over: [], notReserved: [7] })
  })

  test('tells apart what is over, and for others’ that is the same as not reserved', () => {
    expect(plan(alice, 4, 6)).toEqual({ live: [], over: [dead], notReserved: [6] })
    expect(plan(root, 4, 6)).toEqual({ live: [], over: [dead, bobsDead], notReserved: [] })
  })

  test("refuses another's with the GPU and who holds it, whatever else was asked for", () => {
    expect(thrownBy(() => plan(alice, 0, 5), NotHolderError)).toMatchObject({
      index: 5,
      holder: bob,
      shownName: 'robert (user1001)',
    })
  })

  test("lets root end anybody's", () => {
    expect(plan(root, 0, 5).live).toEqual([run, bobs])
  })

  test('refuses a GPU that is not in the pool', () => {
    expect(thrownBy(() => plan(alice, 0, 8), NoSuchGpuError)).toMatchObject({ index: 8, poolSize: 8 })
  })
})

describe('releaseByWord', () => {
  const release = (by: typeof alice, ids: string[], endingIds: string[] = []) =>
    releaseByWord(pool, { by, ids, endingIds }, sightings, NOW)

  test('ends what is to end now, and keeps that it was released and by whom', () => {
    const { changes, result } = release(root, ['manual', 'bobs'])
    expect(result).toEqual([manual, bobs])
    expect(applyChanges(pool, changes)?.reservations).toEqual([run])
    expect(recordsOf(changes)).toMatchObject([
      { id: 'dead', ending: 'reclaimed' },
      { id: 'bobs-dead', ending: 'reclaimed' },
      { id: 'manual', ending: 'released', endedAt: NOW },
      { id: 'bobs', ending: 'released', endedAt: NOW },
    ])
    expect(eventsOf(changes).slice(2)).toMatchObject([
      { kind: 'released', id: 'manual', holder: alice, by: root },
      { kind: 'released', id: 'bobs', holder: bob, by: root },
    ])
    expect(eventsOf(release(alice, ['manual']).changes).at(-1)).toMatchObject({ id: 'manual', by: null })
  })

  test('only keeps whose word it was where a command has yet to end: its GPUs stay reserved', () => {
    const { changes, result } = release(root, [], ['run'])
    expect(result).toEqual([])
    expect(applyChanges(pool, changes)?.reservations).toContainEqual(run)
    expect(recordsOf(changes).map(({ id }) => id)).not.toContain('run')
    expect(eventsOf(changes).at(-1)).toMatchObject({ kind: 'released', id: 'run', holder: alice, by: root })
  })

  test('does nothing for what has ended since it was planned', () => {
    const { changes, result } = release(alice, ['gone'], ['dead'])
    expect(result).toEqual([])
    expect(eventsOf(changes).map(({ kind }) => kind)).toEqual(['reclaimed', 'reclaimed'])
  })
})

test('a user only ever ends their own, and all that they named, in any situation', () => {
  fc.assert(
    fc.property(
      situation,
      fc.constantFrom(0, 1000, 1001, 1002),
      fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      ({ pool, facts: { sightings } }, uid, named) => {
        const by = aHolder(uid)
        const gpuIds = pool.gpus.map(({ index }) => index).filter(index => named[index])
        const live = pool.reservations.filter(reservation => !isOver(reservation, sightings, NOW))
        const asked = live.filter(({ gpus }) => gpus.some(index => gpuIds.includes(index)))
        const isAllowed = asked.every(({ holder }) => uid === 0 || holder.uid === uid)
        if (!isAllowed) {
          thrownBy(() => planRelease(pool, { by, gpuIds }, sightings, NOW), NotHolderError)
          return
        }
        const ids = planRelease(pool, { by, gpuIds }, sightings, NOW).live.map(({ id }) => id)
        const { changes } = releaseByWord(pool, { by, ids, endingIds: [] }, sightings, NOW)
        expect(applyChanges(pool, changes)?.reservations).toEqual(live.filter(held => !asked.includes(held)))
      },
    ),
    { numRuns: 1000 },
  )
})
