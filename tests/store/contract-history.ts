import { describe, expect, test } from 'bun:test'
import { event, record } from '../helpers/decisions.ts'
import fc from '../helpers/fast-check.ts'
import { aHolder, aManual } from '../helpers/pools.ts'
import { deciding, initialized, initializing, opened, type Place } from '../helpers/stores.ts'

/** What a store keeps of the past. */
export function historyContract(open: () => Place): void {
  describe('keeps of the past', () => {
    const { expiresAt: _, ...claim } = aManual()
    const recordOf = (id: string, endedAt: number) => ({ ...claim, id, endedAt, ending: 'expired' as const })
    const eventOf = (note: string, at: number) => {
      const { holder } = claim
      return { at, kind: 'queued' as const, holder, alias: null, id: null, gpus: [], by: null, note }
    }

    test('nothing where there is no pool', async () => {
      using place = open()
      using store = await opened(place.url, 'read')
      expect(await store.usageRecords(0)).toEqual([])
      expect(await store.events({ after: 0, limit: 9 })).toEqual([])
      await store.forget(Number.MAX_SAFE_INTEGER)
    })

    test('the usage records that ended at or after an instant, in the order in which they were written', async () => {
      using place = open()
      using store = await initialized(place.url)
      const records = [recordOf('a', 300), recordOf('b', 100), recordOf('c', 200), recordOf('d', 199)]
      await store.update(() => deciding(...records.map(record => ({ kind: 'record' as const, record }))))
      const idsSince = async (since: number) => (await store.usageRecords(since)).map(({ id }) => id)
      expect(await idsSince(0)).toEqual(['a', 'b', 'c', 'd'])
      expect(await idsSince(200)).toEqual(['a', 'c'])
      expect(await idsSince(201)).toEqual(['a'])
      expect(await idsSince(301)).toEqual([])
    })

    test('the last events above a number, oldest first, each with a number that rises', async () => {
      using place = open()
      using store = await initialized(place.url)
      const write = (...notes: string[]) =>
        store.update(() =>
          deciding(...notes.map(note => ({ kind: 'log' as const, event: eventOf(note, 1) }))),
        )
      await write('a', 'b', 'c')
      await write('d')
      const all = await store.events({ after: 0, limit: 100 })
      expect(all.map(({ event: { note } }) => note)).toEqual(['a', 'b', 'c', 'd'])
      const numbers = all.map(({ number }) => number)
      expect(numbers.every((number, at) => number > (numbers[at - 1] ?? 0))).toBe(true)
      expect(await store.events({ after: 0, limit: 2 })).toEqual(all.slice(2))
      expect(await store.events({ after: numbers[0] ?? 0, limit: 100 })).toEqual(all.slice(1))
      expect(await store.events({ after: numbers[3] ?? 0, limit: 100 })).toEqual([])
    })

    test('only what is not older than it is told, and never gives a number again', async () => {
      using place = open()
      using store = await initialized(place.url)
      const at = [300, 100, 200, 199]
      await store.update(() =>
        deciding(
          ...at.map(at => ({ kind: 'record' as const, record: recordOf(`r${at}`, at) })),
          ...at.map(at => ({ kind: 'log' as const, event: eventOf(`e${at}`, at) })),
        ),
      )
      const before = await store.events({ after: 0, limit: 9 })
      await store.forget(200)
      expect((await store.usageRecords(0)).map(({ id }) => id)).toEqual(['r300', 'r200'])
      const left = await store.events({ after: 0, limit: 9 })
      expect(left).toEqual(before.filter(({ event }) => event.at >= 200))
      await store.forget(1000)
      expect(await store.usageRecords(0)).toEqual([])
      await store.update(() => deciding({ kind: 'log', event: eventOf('new', 1000) }))
      const [next] = await store.events({ after: 0, limit: 9 })
      expect(next?.number).toBeGreaterThan(Math.max(...before.map(({ number }) => number)))
    })

    test('everything when the pool is made anew', async () => {
      using place = open()
      using store = await initialized(place.url)
      await store.update(() =>
        deciding({ kind: 'record', record: recordOf('a', 1) }, { kind: 'log', event: eventOf('b', 1) }),
      )
      const [records, events] = [await store.usageRecords(0), await store.events({ after: 0, limit: 9 })]
      expect([records.length, events.length]).toEqual([1, 1])
      await store.update(() => initializing(2))
      expect(await store.usageRecords(0)).toEqual(records)
      expect(await store.events({ after: 0, limit: 9 })).toEqual(events)
    })

    test('every record and event as it was, whatever is in it', async () => {
      using place = open()
      using store = await initialized(place.url)
      await fc.assert(
        fc.asyncProperty(record, event, async (record, event) => {
          await store.forget(Number.MAX_SAFE_INTEGER)
          await store.update(() => deciding({ kind: 'record', record }, { kind: 'log', event }))
          expect(await store.usageRecords(record.endedAt)).toEqual([record])
          const events = await store.events({ after: 0, limit: 9 })
          expect(events.map(({ event }) => event)).toEqual([event])
        }),
      )
    })

    test('names with quotes, line breaks and control characters as they are', async () => {
      using place = open()
      using store = await initialized(place.url)
      const holder = { ...aHolder(7), userName: `O'Brien "\u{1F600}\x1b[31m\n` }
      await store.update(() => deciding({ kind: 'log', event: { ...eventOf('', 1), holder, by: holder } }))
      expect(await store.events({ after: 0, limit: 9 })).toMatchObject([{ event: { holder, by: holder } }])
    })
  })
}
