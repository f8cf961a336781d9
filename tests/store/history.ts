import { describe, expect, test } from 'bun:test'
import type { Change } from '../../src/core/changes.ts'
import type { LogEvent, UsageRecord } from '../../src/core/history.ts'
import type { Use } from '../../src/core/report.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { aHolder, aManual, aRun, DAY, HOUR, MINUTE, NOW } from '../helpers/pools.ts'
import type { Place } from '../helpers/stores.ts'

/** What every store must do with usage records and events. */
export function historyContract(name: string, open: () => Place): void {
  describe(`the history of the ${name} store`, () => {
    test('gives records and events back as they were, whatever is in them', async () => {
      using place = open()
      const store = await initialized(place.url)
      const holder = { uid: 2 ** 32 - 1, userName: `O'Brien "\u{1F600}\x1b[31m\n` }
      const record = aRecord({ holder, alias: 'ann, "b"', note: '\n\u202e', gpus: [0, 5, 1023], waitedMs: 7 })
      const event = anEvent({ holder, alias: 'x', note: "'); --", gpus: [1], by: aHolder(0), id: 'id' })
      await write(
        store,
        { kind: 'record', record },
        { kind: 'log', event },
        { kind: 'log', event: anEvent() },
      )
      expect(await store.usageRecords(0)).toEqual([record])
      const kept = await store.events({ after: 0, limit: 10 })
      expect(kept.map(({ event }) => event)).toEqual([event, anEvent()])
      store.close()
    })

    test('tells the last events, oldest first, and those behind one that is known', async () => {
      using place = open()
      const store = await initialized(place.url)
      await write(store, ...[1, 2, 3, 4].map((at): Change => ({ kind: 'log', event: anEvent({ at }) })))
      const last = await store.events({ after: 0, limit: 3 })
      expect(last.map(({ event }) => event.at)).toEqual([2, 3, 4])
      const behind = await store.events({ after: last[0]?.number ?? 0, limit: 10 })
      expect(behind).toEqual(last.slice(1))
      expect(await store.events({ after: last.at(-1)?.number ?? 0, limit: 10 })).toEqual([])
      store.close()
    })

    test('hands out the uses that ended at or after an instant, with the pool of the same moment', async () => {
      using place = open()
      const store = await initialized(place.url)
      const records = [HOUR - 1, HOUR, 2 * HOUR].map(endedAt => aRecord({ reservedAt: 0, endedAt }))
      const reservation = aManual({ gpus: [0] })
      await write(store, ...records.map((record): Change => ({ kind: 'record', record })), {
        kind: 'add',
        reservation,
      })
      const uses: Use[] = []
      const pool = await store.readWithUses(HOUR, use => uses.push(use))
      const { type, holder, alias, gpus, reservedAt, endedAt, waitedMs, unusedGpuMs } = aRecord({
        reservedAt: 0,
        endedAt: HOUR,
      })
      const use = { type, holder, alias, gpus, reservedAt, endedAt, waitedMs, unusedGpuMs }
      expect(uses).toEqual([use, { ...use, endedAt: 2 * HOUR }])
      expect(pool).toEqual(await store.read())
      expect(pool?.reservations).toEqual([reservation])
      store.close()
    })

    test('has no use and no pool where none was initialized', async () => {
      using place = open()
      const store = await openStore(place.url, 'read')
      const pool = await store.readWithUses(0, () => {
        throw new Error('a use in no pool')
      })
      expect(pool).toBeNull()
    })

    test('shows a reservation that ends meanwhile as held or as a use, and not as both or neither', async () => {
      using place = open()
      const store = await initialized(place.url)
      const other = await openStore(place.url, 'write')
      await write(
        store,
        { kind: 'record', record: aRecord() },
        { kind: 'add', reservation: aRun({ id: 'ends' }) },
      )
      const ending: Promise<void>[] = []
      const uses: Use[] = []
      const pool = await store.readWithUses(0, use => {
        uses.push(use)
        if (ending.length > 0) return
        const ended: Change = { kind: 'remove', id: 'ends', releasedAt: NOW }
        ending.push(write(other, ended, { kind: 'record', record: aRecord({ id: 'ends' }) }))
      })
      await Promise.all(ending)
      expect(uses.length + (pool?.reservations.length ?? 0)).toBe(2)
      expect((await store.read())?.reservations).toEqual([])
      expect(await store.usageRecords(0)).toHaveLength(2)
      store.close()
      other.close()
    })

    describe('that is kept for a day', () => {
      test('forgets with each event some of what is older, and never what is younger', async () => {
        using place = open()
        const all = await initialized(place.url)
        // Written down as they happened: the oldest first.
        const ages = Array.from({ length: 500 }, (_, number) => number * 6 * MINUTE).reverse()
        await write(
          all,
          ...ages.map((age): Change => ({ kind: 'record', record: aRecord({ endedAt: NOW - age }) })),
        )
        await write(all, ...ages.map((age): Change => ({ kind: 'log', event: anEvent({ at: NOW - age }) })))
        const left = async () => ({
          records: (await all.usageRecords(0)).map(({ endedAt }) => NOW - endedAt),
          events: (await all.events({ after: 0, limit: 9999 })).map(({ event }) => NOW - event.at),
        })
        expect((await left()).records).toHaveLength(500)

        const store = await openStore(place.url, 'write', { historyMs: DAY })
        const counts: number[] = []
        for (let round = 0; round < 8; round++) {
          await write(store, { kind: 'log', event: anEvent({ at: NOW }) })
          counts.push((await left()).records.length)
        }
        // Little by little, so that nobody notices, and the oldest first.
        const steps = counts.map((count, place) => (counts[place - 1] ?? 500) - count)
        expect(Math.max(...steps)).toBeLessThanOrEqual(100)
        expect(Math.min(...steps.slice(0, 3))).toBeGreaterThan(10)
        const young = ages.filter(age => age <= DAY)
        expect((await left()).records).toEqual(young)
        expect((await left()).events.slice(0, young.length)).toEqual(young)
        store.close()
        all.close()
      })

      test('is not forgotten by who knows of no such setting: a keeper', async () => {
        using place = open()
        const store = await initialized(place.url)
        await write(store, { kind: 'record', record: aRecord({ endedAt: 1, reservedAt: 0 }) })
        await write(store, { kind: 'log', event: anEvent() })
        expect(await store.usageRecords(0)).toHaveLength(1)
        store.close()
      })
    })
  })
}

function aRecord(parts: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id: 'record-1',
    type: 'run',
    holder: aHolder(),
    alias: null,
    note: null,
    gpus: [0, 1],
    reservedAt: NOW - HOUR,
    endedAt: NOW,
    ending: 'finished',
    waitedMs: 0,
    unusedGpuMs: 0,
    ...parts,
  }
}

function anEvent(parts: Partial<LogEvent> = {}): LogEvent {
  return {
    at: NOW,
    kind: 'reserved',
    holder: aHolder(),
    alias: null,
    id: null,
    gpus: [],
    by: null,
    note: null,
    ...parts,
  }
}

async function initialized(url: string): Promise<Store> {
  const store = await openStore(url, 'create')
  await write(store, { kind: 'initialize', provider: 'nvidia', gpuCount: 1024 })
  return store
}

function write(store: Store, ...changes: Change[]): Promise<void> {
  return store.update(() => ({ changes, result: undefined }))
}
