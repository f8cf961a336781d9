import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { movePool, type Relocation, undoMove } from '../../../src/cli/migrate/move-pool.ts'
import { CannotMoveError, PoolMovedError, PoolNotInitializedError } from '../../../src/core/errors.ts'
import type { LogEvent, UsageRecord } from '../../../src/core/history.ts'
import type { Pool } from '../../../src/core/pool.ts'
import type { Store } from '../../../src/store/store.ts'
import { failureOf } from '../../helpers/failure.ts'
import { aHolder, aManual, aPool, aRun, DAY, HOUR, MINUTE, NOW } from '../../helpers/pools.ts'
import { deciding, opened } from '../../helpers/stores.ts'
import { temporaryDirectory } from '../../helpers/temporary.ts'

const places = { from: 'sqlite:/from', to: 'sqlite:/to' }
const back = { from: places.to, to: places.from }

const record: UsageRecord = {
  ...{ id: 'old', type: 'run', holder: aHolder(1001), alias: 'carol', note: null, gpus: [0, 2] },
  ...{ reservedAt: NOW - DAY, endedAt: NOW - HOUR, ending: 'finished', waitedMs: 5, unusedGpuMs: 7 },
}
const event: LogEvent = {
  ...{
    at: NOW - HOUR,
    kind: 'released',
    holder: aHolder(),
    alias: null,
    id: 'old',
    gpus: [0],
    by: null,
    note: 'x',
  },
}

/** Two real stores, the first with a pool in which much has happened. */
async function twoStores() {
  const directory = temporaryDirectory()
  const [source, target] = [
    await opened(`sqlite:${join(directory.path, 'a', 'pool.db')}`, 'create'),
    await opened(`sqlite:${join(directory.path, 'b', 'pool.db')}`, 'create'),
  ]
  const drain = { at: NOW - HOUR, by: aHolder(0), note: 'fan' }
  await source.update(() =>
    deciding(
      { kind: 'initialize', provider: 'nvidia', gpuCount: 5 },
      { kind: 'add', reservation: aManual({ id: 'before', holder: aHolder(1007), gpus: [4] }) },
      { kind: 'remove', id: 'before', releasedAt: NOW - 2 * HOUR },
      { kind: 'drain', index: 3, drain },
      { kind: 'observe', at: NOW - MINUTE, gpus: [{ index: 4, unusedSince: NOW - HOUR }], reservations: [] },
      {
        kind: 'add',
        reservation: aRun({ gpus: [0, 1], alias: 'carol', endsAt: NOW + HOUR, unusedGpuMs: 3 }),
      },
      {
        kind: 'add',
        reservation: aManual({ gpus: [2], note: 'über', expiresAt: NOW + DAY, idleWarnedAt: 4 }),
      },
      ...[record, { ...record, id: 'older' }].map(record => ({ kind: 'record', record }) as const),
      // The same twice.
      ...[event, event].map(event => ({ kind: 'log', event }) as const),
    ),
  )
  return {
    source,
    target,
    [Symbol.dispose]() {
      source.close()
      target.close()
      directory[Symbol.dispose]()
    },
  }
}

function relocation(source: Store, target: Store, parts: Partial<Relocation> = {}): Relocation {
  return {
    source,
    target,
    places,
    newId: 'move-1',
    mover: pool => ({
      by: aHolder(0),
      sightings: new Map(pool.reservations.map(({ id }) => [id, 'alive'])),
      now: NOW,
    }),
    handOver() {},
    ...parts,
  }
}

/** What is in a store, but for its move and for what is told of it. */
async function contents(store: Store) {
  const pool = await store.read()
  const events = await store.events({ after: 0, limit: 1000 })
  return {
    pool: pool && { ...pool, move: null },
    records: await store.usageRecords(0),
    events: events.map(({ event }) => event).filter(({ kind }) => kind !== 'moved'),
  }
}

const grants = (pool: Pool | null) => pool !== null && pool.move === null

describe('a pool that moves', () => {
  test('arrives with its reservations, records and events, and nothing is handed out where it was', async () => {
    using stores = await twoStores()
    const { source, target } = stores
    const before = await contents(source)
    const handed: Pool[] = []
    const moved = await movePool(relocation(source, target, { handOver: pool => void handed.push(pool) }))
    expect(await contents(target)).toEqual(before)
    expect(moved.copied).toMatchObject({ records: 2 })
    expect(handed).toEqual([(await target.read()) as Pool])
    expect(grants(await target.read())).toBeTrue()
    expect((await source.read())?.move).toEqual({ id: 'move-1', state: 'left', other: places.to })
    const told = (await target.events({ after: 0, limit: 1000 })).map(({ event }) => event)
    expect(told.filter(({ kind }) => kind === 'moved').map(({ note }) => note)).toEqual([
      'to sqlite:/to',
      'from sqlite:/from',
    ])
  })

  test('comes back with what is new, and nothing twice', async () => {
    using stores = await twoStores()
    const { source, target } = stores
    await movePool(relocation(source, target))
    await target.update(() =>
      deciding(
        { kind: 'remove', id: 'run-1', releasedAt: NOW },
        { kind: 'record', record: { ...record, id: 'new' } },
        { kind: 'log', event: { ...event, id: 'new' } },
      ),
    )
    const there = await contents(target)
    await movePool(relocation(target, source, { places: back, newId: 'move-2' }))
    expect(await contents(source)).toEqual(there)
    expect(grants(await source.read())).toBeTrue()
    expect(grants(await target.read())).toBeFalse()
  })

  test('has moved, and does not move again from there', async () => {
    using stores = await twoStores()
    await movePool(relocation(stores.source, stores.target))
    expect(await failureOf(movePool(relocation(stores.source, stores.target)))).toBeInstanceOf(PoolMovedError)
  })

  test('is not lost where there is another', async () => {
    using stores = await twoStores()
    await stores.target.update(() => deciding({ kind: 'initialize', provider: 'fake', gpuCount: 2 }))
    expect(await failureOf(movePool(relocation(stores.source, stores.target)))).toBeInstanceOf(
      CannotMoveError,
    )
    expect(grants(await stores.source.read())).toBeTrue()
    expect((await stores.target.read())?.gpus).toHaveLength(2)
  })

  test('must be there', async () => {
    using stores = await twoStores()
    expect(await failureOf(movePool(relocation(stores.target, stores.source)))).toBeInstanceOf(
      PoolNotInitializedError,
    )
  })

  test('stays, and leaves nothing behind, when somebody joins the line at the last moment', async () => {
    using stores = await twoStores()
    const { source, target } = stores
    const late = relocation(source, target, {
      mover: pool => ({
        by: aHolder(pool.move ? 1 : 0),
        // The second time that somebody looks, a run cannot be seen.
        sightings: new Map(pool.reservations.map(({ id }) => [id, ++looks > 2 ? 'unseen' : 'alive'])),
        now: NOW,
      }),
    })
    let looks = 0
    expect(await failureOf(movePool(late))).toBeInstanceOf(CannotMoveError)
    expect(grants(await source.read())).toBeTrue()
    expect((await target.read())?.move).toMatchObject({ state: 'left', other: places.from })
  })
})

/** Dies at its n-th word to a store, before or after that has been written. */
class Dying {
  constructor(
    private words: number,
    private readonly after: boolean,
    private readonly check: () => Promise<void>,
  ) {}

  over(store: Store): Store {
    const dyingUpdate: Store['update'] = async decide => {
      const isLast = --this.words === 0
      if (isLast && !this.after) throw new Killed()
      const result = await store.update(decide)
      await this.check()
      if (isLast) throw new Killed()
      return result
    }
    return new Proxy(store, {
      get: (target, key) => {
        if (key === 'update') return dyingUpdate
        const value = Reflect.get(target, key) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

class Killed extends Error {}

const STEPS = 6
const everyDeath = Array.from({ length: STEPS }, (_, step) => [
  [step + 1, false],
  [step + 1, true],
]).flat() as [number, boolean][]

describe('a move that is killed', () => {
  test.each(everyDeath)(
    'at step %d (written: %p) never leaves two pools at work, and goes on',
    async (step, after) => {
      using stores = await twoStores()
      const { source, target } = stores
      const before = await contents(source)
      const check = async () => {
        const atWork = [await source.read(), await target.read()].filter(grants)
        expect(atWork.length).toBeLessThanOrEqual(1)
      }
      const dying = new Dying(step, after, check)
      const killed = movePool(relocation(dying.over(source), dying.over(target)))
      expect(await failureOf(killed)).toBeInstanceOf(Killed)
      await check()

      const isDone = (await source.read())?.move?.state === 'left'
      if (!isDone) await movePool(relocation(source, target, { newId: 'move-2' }))
      expect(await contents(target)).toEqual(before)
      expect([grants(await source.read()), grants(await target.read())]).toEqual([false, true])
    },
  )

  test.each(everyDeath)(
    'at step %d (written: %p) can be given up as long as it has not arrived',
    async (step, after) => {
      using stores = await twoStores()
      const { source, target } = stores
      const before = await contents(source)
      const dying = new Dying(step, after, async () => {})
      await failureOf(movePool(relocation(dying.over(source), dying.over(target))))
      const hasArrived = grants(await target.read())

      const undone = undoMove({ source, target, places })
      if (hasArrived) expect(await failureOf(undone)).toBeInstanceOf(CannotMoveError)
      else {
        await undone
        expect(await contents(source)).toEqual(before)
        await movePool(relocation(source, target, { newId: 'move-3' }))
        expect(await contents(target)).toEqual(before)
      }
      expect([grants(await source.read()), grants(await target.read())].filter(Boolean)).toHaveLength(1)
    },
  )
})

test('steps are as many as the test above knows', async () => {
  using stores = await twoStores()
  let words = 0
  const counting = new Dying(1000, false, async () => void words++)
  await movePool(relocation(counting.over(stores.source), counting.over(stores.target)))
  expect(words).toBe(STEPS)
})

test('a pool without a past moves, too', async () => {
  using stores = await twoStores()
  await stores.source.update(() => deciding({ kind: 'initialize', provider: 'fake', gpuCount: 2 }))
  await movePool(relocation(stores.source, stores.target))
  expect(await stores.target.read()).toEqual(aPool({ provider: 'fake', gpus: 2 }))
})
