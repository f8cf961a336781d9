import { describe, expect, test } from 'bun:test'
import { event, record } from '../helpers/decisions.ts'
import fc from '../helpers/fast-check.ts'
import { aManual } from '../helpers/pools.ts'
import { deciding, initialized, initializing, type Place } from '../helpers/stores.ts'

/** What a store keeps of the past beside its pool; see also history.ts. */
export function pastContract(open: () => Place): void {
  describe('keeps of the past', () => {
    const { expiresAt: _, idleWarnedAt: __, ...claim } = aManual()
    const recordOf = (id: string, endedAt: number) => ({ ...claim, id, endedAt, ending: 'expired' as const })

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

    test('everything when the pool is made anew', async () => {
      using place = open()
      using store = await initialized(place.url)
      const event = { at: 1, kind: 'queued', holder: claim.holder, alias: null, id: null } as const
      await store.update(() =>
        deciding(
          { kind: 'record', record: recordOf('a', 1) },
          { kind: 'log', event: { ...event, gpus: [], by: null, note: null } },
        ),
      )
      const [records, events] = [await store.usageRecords(0), await store.events({ after: 0, limit: 9 })]
      expect([records.length, events.length]).toEqual([1, 1])
      await store.update(() => initializing(2))
      expect(await store.usageRecords(0)).toEqual(records)
      expect(await store.events({ after: 0, limit: 9 })).toEqual(events)
    })

    test('every record and event as it was, each event with a number that rises', async () => {
      using place = open()
      using store = await initialized(place.url)
      let after = 0
      await fc.assert(
        fc.asyncProperty(record, event, async (record, event) => {
          await store.update(() => deciding({ kind: 'record', record }, { kind: 'log', event }))
          expect((await store.usageRecords(0)).at(-1)).toEqual(record)
          const events = await store.events({ after, limit: 9 })
          expect(events.map(({ event }) => event)).toEqual([event])
          after = events[0]?.number ?? Infinity
        }),
      )
    })
  })
}
