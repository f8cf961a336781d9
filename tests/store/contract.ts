import { describe, expect, test } from 'bun:test'
import { applyChanges, type Change } from '../../src/core/changes.ts'
import type { Pool } from '../../src/core/pool.ts'
import type { StoreAccess } from '../../src/store/store.ts'
import { eventsOf, recordsOf } from '../helpers/answers.ts'
import { changesFor, intents } from '../helpers/decisions.ts'
import { failureOf } from '../helpers/failure.ts'
import fc from '../helpers/fast-check.ts'
import { aManual, anEntry, aPool, aRun } from '../helpers/pools.ts'
import { StoreProcess } from '../helpers/store-process.ts'
import { deciding, initialized, initializing, opened, type Place } from '../helpers/stores.ts'
import { pastContract } from './contract-history.ts'
import { listenerContract } from './contract-listener.ts'

/** What every store must do, whatever it is made of. */
export function storeContract(name: string, open: () => Place): void {
  describe(`the ${name} store`, () => {
    describe('that was never initialized', () => {
      test.each<StoreAccess>(['read', 'write', 'create'])('has no pool, opened to %s', async access => {
        using place = open()
        using store = await opened(place.url, access)
        expect(await store.read()).toBeNull()
      })

      test('asks a decision with null', async () => {
        using place = open()
        using store = await opened(place.url, 'create')
        const asked = await store.update(pool => ({ changes: [], result: { pool } }))
        expect(asked).toEqual({ pool: null })
      })

      test('never answers a decision that it did not write', async () => {
        using place = open()
        using store = await opened(place.url, 'write')
        const answered = await store
          .update(() => initializing(4))
          .then(
            () => true,
            () => false,
          )
        using again = await opened(place.url, 'read')
        expect((await again.read()) !== null).toBe(answered)
      })

      test('takes no reservation', async () => {
        using place = open()
        using store = await opened(place.url, 'create')
        const adding = store.update(() => deciding({ kind: 'add', reservation: aManual() }))
        expect(await failureOf(adding)).toBeInstanceOf(Error)
        expect(await store.read()).toBeNull()
      })
    })

    test('ends in the same pool as the rules, whatever is decided', async () => {
      using place = open()
      using store = await opened(place.url, 'create')
      await fc.assert(
        fc.asyncProperty(intents, async decisions => {
          let expected: Pool | null = aPool({ gpus: 8 })
          await store.update(() => initializing(8))
          const kept: Change[] = []
          const { number: after = 0 } = (await store.events({ after: 0, limit: 1 }))[0] ?? {}
          const recordCount = (await store.usageRecords(0)).length
          for (const decision of decisions) {
            const { pool, seen } = await store.update(pool => {
              const changes: Change[] = []
              for (const intent of decision) {
                const soFar = applyChanges(pool, changes)
                if (soFar) changes.push(...changesFor(intent, soFar))
              }
              kept.push(...changes)
              return { changes, result: { pool: applyChanges(pool, changes), seen: pool } }
            })
            expect(inOrder(seen)).toEqual(inOrder(expected))
            expected = pool
            expect(inOrder(await store.read())).toEqual(inOrder(expected))
          }
          expect((await store.usageRecords(0)).slice(recordCount)).toEqual(recordsOf(kept))
          const events = await store.events({ after, limit: 1000 })
          expect(events.map(({ event }) => event)).toEqual(eventsOf(kept))
        }),
      )
    }, 30_000)

    test('keeps the largest pool, and numbers and names at their limits', async () => {
      using place = open()
      using store = await opened(place.url, 'create')
      const holder = { uid: 2 ** 32 - 1, userName: `O'Brien "\u{1F600}\x1b[31m\n` }
      const manual = aManual({ holder, gpus: [0, 1023], expiresAt: 8.64e15 })
      const run = aRun({ holder, gpus: [512], heartbeatAt: 0 })
      await store.update(() => initializing(1024))
      await store.update(() =>
        deciding({ kind: 'add', reservation: manual }, { kind: 'add', reservation: run }),
      )
      const expected = aPool({ gpus: 1024, reservations: [manual, run] })
      expect(inOrder(await store.read())).toEqual(inOrder(expected))
    })

    describe('when a decision throws', () => {
      test.each([
        ['an error', new Error('no')],
        ['what is no error', 'no'],
        ['nothing', undefined],
      ])('lets %s out unchanged and goes on', async (_name, thrown) => {
        using place = open()
        using store = await initialized(place.url)
        const before = await store.read()
        const failing = store.update(() => {
          throw thrown
        })
        expect(await failureOf(failing)).toBe(thrown)
        expect(await store.read()).toEqual(before)
        expect(await store.update(() => ({ changes: [], result: 'next' }))).toBe('next')
      })

      test.each<[string, Change]>([
        ['gives a GPU a second time', { kind: 'add', reservation: aManual({ id: 'second', gpus: [2, 3] }) }],
        ['gives a GPU that is not there', { kind: 'add', reservation: aManual({ id: 'second', gpus: [8] }) }],
        ['gives an id a second time', { kind: 'add', reservation: aManual({ id: 'holder', gpus: [1] }) }],
        ['takes a held GPU out of the pool', { kind: 'resize', gpuCount: 3 }],
        ['lets a request wait twice', { kind: 'enqueue', entry: anEntry({ id: 'waiter' }) }],
      ])('writes no part of a decision that %s', async (_, unlawful) => {
        using place = open()
        using store = await initialized(place.url)
        const held = aRun({ id: 'holder', gpus: [3] })
        await store.update(() =>
          deciding({ kind: 'add', reservation: held }, { kind: 'enqueue', entry: anEntry({ id: 'waiter' }) }),
        )
        const before = await store.read()
        expect(() => applyChanges(before, [unlawful])).toThrow()
        const record = { ...held, endedAt: 1, ending: 'released' as const }
        const failing = store.update(() =>
          deciding({ kind: 'heartbeat', id: 'holder', at: 1 }, { kind: 'record', record }, unlawful),
        )
        expect(await failureOf(failing)).toBeInstanceOf(Error)
        expect(await store.read()).toEqual(before)
        expect(await store.usageRecords(0)).toEqual([])
      })
    })

    test('is the same after it was closed and opened again', async () => {
      using place = open()
      const store = await initialized(place.url)
      await store.update(() => deciding({ kind: 'add', reservation: aRun({ gpus: [0, 5] }) }))
      const before = await store.read()
      store[Symbol.dispose]()
      using again = await opened(place.url, 'read')
      expect(await again.read()).toEqual(before)
    })

    pastContract(open)
    listenerContract(open)

    describe('used by many processes', () => {
      test('shows each what the others wrote while it was open', async () => {
        using place = open()
        using store = await initialized(place.url)
        await using other = await StoreProcess.start()
        await other.must('open', place.url, 'write')
        expect(await other.must('reserve', 'theirs', '2')).toEqual([0, 1])
        expect((await store.read())?.reservations).toMatchObject([{ id: 'theirs', gpus: [0, 1] }])
        await store.update(() => deciding({ kind: 'remove', id: 'theirs', releasedAt: 7 }))
        expect(await other.must('read')).toEqual(await store.read())
      })

      test('gives each GPU once when 12 processes ask for 8', async () => {
        using place = open()
        using store = await initialized(place.url)
        const processes = await StoreProcess.startMany(12, place.url)
        const answers = await Promise.all(processes.map((process, i) => process.ask('reserve', `r${i}`)))
        await Promise.all(processes.map(process => process.kill()))
        const given = answers.flatMap(answer => ('result' in answer ? (answer.result as number[]) : []))
        expect(given.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
        const refusals = answers.flatMap(answer => ('code' in answer ? [answer.code] : []))
        expect(refusals).toEqual(Array(4).fill('not-enough-gpus'))
        expect((await store.read())?.reservations.length).toBe(8)
      })

      test('loses no update', async () => {
        using place = open()
        using store = await initialized(place.url)
        await store.update(() =>
          deciding({ kind: 'add', reservation: aRun({ id: 'counter', heartbeatAt: 0 }) }),
        )
        const processes = await StoreProcess.startMany(4, place.url)
        await Promise.all(processes.map(process => process.must('count', 'counter', '100')))
        await Promise.all(processes.map(process => process.kill()))
        expect((await store.read())?.reservations).toMatchObject([{ id: 'counter', heartbeatAt: 400 }])
      })

      test('shows a reader one state, and never half a decision', async () => {
        using place = open()
        using store = await initialized(place.url)
        await store.update(() =>
          deciding({ kind: 'add', reservation: aManual({ gpus: [0, 1, 2, 3, 4, 5, 6, 7] }) }),
        )
        const [writer, ...readers] = await StoreProcess.startMany(3, place.url)
        const writing = writer?.must('handOver', '400')
        const shapes = await Promise.all(readers.map(reader => reader.must('watch', '1500')))
        await writing
        await Promise.all([writer, ...readers].map(process => process?.kill()))
        expect(shapes).toEqual(Array(2).fill(['0 waiting, 8 held', '1 waiting, 0 held']))
      })

      test('is not harmed by one that is killed while it decides', async () => {
        using place = open()
        using store = await initialized(place.url)
        await using other = await StoreProcess.start()
        await other.must('open', place.url, 'write')
        expect(await other.must('decide')).toBe('deciding')
        await other.kill()
        await store.update(() => deciding({ kind: 'add', reservation: aManual({ gpus: [1] }) }))
        expect((await store.read())?.reservations).toMatchObject([{ id: 'manual-1', gpus: [1] }])
      })
    })
  })
}

/** The order of reservations means nothing. */
function inOrder(pool: Pool | null): Pool | null {
  return pool && { ...pool, reservations: pool.reservations.toSorted((a, b) => (a.id < b.id ? -1 : 1)) }
}
