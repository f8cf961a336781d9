import { describe, expect, test } from 'bun:test'
import type { Change } from '../../src/core/changes.ts'
import { ChildProcess } from '../helpers/child-process.ts'
import { aManual, anEntry } from '../helpers/pools.ts'
import { StoreProcess } from '../helpers/store-process.ts'
import { deciding, initialized, type Place } from '../helpers/stores.ts'

/** Longer than any test takes: whoever is not woken shows as a failure, not as a slow test. */
const FOREVER = '10000'
/** Long enough for a wake-up that should not be there to come. */
const A_MOMENT = '300'

/** Something to be written that changes next to nothing. */
function aChange(at: number): Change {
  return { kind: 'observe', at, gpus: [], reservations: [] }
}

/** How a store lets those sleep who wait, and wakes them. */
export function listenerContract(open: () => Place): void {
  describe('wakes a listener', () => {
    async function listening(url: string): Promise<StoreProcess> {
      const [process] = await StoreProcess.startMany(1, url)
      if (!process) throw new Error('no process')
      await process.must('listen')
      return process
    }

    test('when another process has updated the pool', async () => {
      using place = open()
      using store = await initialized(place.url)
      await using waiter = await listening(place.url)
      const woken = waiter.must('wait', FOREVER)
      await store.update(() => deciding({ kind: 'add', reservation: aManual() }))
      expect(await woken).toBe(true)
    })

    test('when the pool was updated after it began to listen and before it waits', async () => {
      using place = open()
      using store = await initialized(place.url)
      await using waiter = await listening(place.url)
      await store.update(() => deciding({ kind: 'add', reservation: aManual() }))
      expect(await waiter.must('wait', FOREVER)).toBe(true)
    })

    test('when a process that matters to it is killed', async () => {
      using place = open()
      using _store = await initialized(place.url)
      await using waiter = await listening(place.url)
      await using survivor = new ChildProcess(['sleep', '600'])
      await using victim = new ChildProcess(['sleep', '600'])
      const woken = waiter.must('wait', FOREVER, String(survivor.pid), String(victim.pid))
      await victim.kill()
      expect(await woken).toBe(true)
    })

    test('when a process that matters to it was gone before it waits', async () => {
      using place = open()
      using _store = await initialized(place.url)
      await using waiter = await listening(place.url)
      const other = new ChildProcess(['sleep', '600'])
      await other.kill()
      expect(await waiter.must('wait', FOREVER, String(other.pid))).toBe(true)
    })

    test('by nothing else: not by time, by readers, or by processes that go on', async () => {
      using place = open()
      using store = await initialized(place.url)
      await using waiter = await listening(place.url)
      await using other = await StoreProcess.start()
      // What was said before, by another node of a cluster, may come late.
      await waiter.must('wait', A_MOMENT)
      const waiting = waiter.must('wait', A_MOMENT, String(other.pid))
      for (let i = 0; i < 20; i++) {
        await store.read()
        await store.events({ after: 0, limit: 1 })
      }
      expect(await waiting).toBe(false)
    })

    test('once for an update, and not again and again', async () => {
      using place = open()
      using store = await initialized(place.url)
      await using waiter = await listening(place.url)
      for (let at = 0; at < 10; at++) await store.update(() => deciding(aChange(at)))
      expect(await waiter.must('wait', FOREVER)).toBe(true)
      // Mostly it hears of all at once; of each one by one where another node of a cluster tells it late.
      let more = 0
      while (more <= 10 && (await waiter.must('wait', A_MOMENT))) more++
      expect(more).toBeLessThanOrEqual(10)
    })

    test('every time, when four processes take turns as fast as they can', async () => {
      using place = open()
      using store = await initialized(place.url)
      await store.update(() => deciding({ kind: 'enqueue', entry: anEntry({ id: 'turn', heartbeatAt: 0 }) }))
      const players = await StoreProcess.startMany(4, place.url)
      await Promise.all(players.map(player => player.must('listen')))
      const woken = await Promise.all(
        players.map((player, me) => player.must('takeTurns', 'turn', String(me), '4', '250')),
      )
      await Promise.all(players.map(player => player.kill()))
      expect(woken).toEqual([true, true, true, true])
      expect((await store.read())?.queue).toMatchObject([{ heartbeatAt: 1000 }])
    })
  })
}
