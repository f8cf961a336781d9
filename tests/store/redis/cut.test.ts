import { afterAll, describe, expect, test } from 'bun:test'
import { UserError } from '../../../src/core/errors.ts'
import { ended } from '../../../src/core/history.ts'
import { type Cut, CuttingProxy } from '../../helpers/cutting-proxy.ts'
import { aManual } from '../../helpers/pools.ts'
import { RedisServer } from '../../helpers/redis-server.ts'
import { deciding, initialized, initializing, opened } from '../../helpers/stores.ts'

const server = await RedisServer.start()
afterAll(() => server[Symbol.asyncDispose]())

const WAYS = ['to-server', 'to-client'] as const
/** Beyond what an update of this pool sends or gets, so that every byte of it is cut behind once. */
const MOST = { 'to-server': 9000, 'to-client': 2600 }
/** Most of what goes to the server is the text of scripts, where one place is as good as another. */
const STEP = { 'to-server': 41, 'to-client': 17 }

const reservation = aManual({ id: 'mine', gpus: [2] })

/** Adds a reservation through a proxy, and ends it, and tells what the server has then. */
async function reserveThrough(cutOf: (connection: number) => Cut | null, host: string) {
  using direct = await initialized(server.url(host))
  using proxy = new CuttingProxy(server.socket, cutOf)
  using store = await opened(proxy.url(host), 'write')
  const answer = await store
    .update(() =>
      deciding(
        { kind: 'add', reservation },
        ...ended(aManual({ id: 'other' }), 'released', { endedAt: 1, now: 1 }),
      ),
    )
    .then(
      () => 'done',
      error => error as unknown,
    )
  const held = (await direct.read())?.reservations ?? []
  const records = await direct.usageRecords(0)
  const events = await direct.events({ after: 0, limit: 10 })
  return { answer, held, counts: [held.length, records.length, events.length], proxy }
}

describe.each(WAYS)('a connection that is cut behind any byte %s', way => {
  test('once: the update is made, and made once', async () => {
    let cuts = 0
    for (let after = 0; after <= MOST[way]; after += STEP[way]) {
      const cut: Cut = { way, after, of: 'bytes' }
      const { answer, held, counts, proxy } = await reserveThrough(
        connection => (connection === 0 ? cut : null),
        `once-${way}-${after}`,
      )
      expect([after, answer, held, counts]).toEqual([after, 'done', [reservation], [1, 1, 1]])
      if (proxy.connections > 1) cuts++
    }
    // Otherwise the proxy has cut nothing, or not far enough.
    expect(cuts).toBeGreaterThan(30)
    expect(cuts).toBeLessThan(Math.ceil(MOST[way] / STEP[way]))
  }, 60_000)
})

test('a connection that is cut at every step, and every one after it, leaves all or nothing', async () => {
  for (const way of WAYS) {
    for (let after = 0; after <= 5; after++) {
      const { answer, counts } = await reserveThrough(
        () => ({ way, after, of: 'pieces' }),
        `always-${way}-${after}`,
      )
      if (answer === 'done') expect(counts).toEqual([1, 1, 1])
      else {
        expect(answer).toBeInstanceOf(UserError)
        expect([
          [0, 0, 0],
          [1, 1, 1],
        ]).toContainEqual(counts)
        // What may be done is not said to be undone.
        if (counts[0] === 1) expect(answer).toMatchObject({ code: 'store-unreachable', mayBeDone: true })
      }
    }
  }
}, 60_000)

test('a retry whose first try has come through is not made on what others have made of it since', async () => {
  using direct = await initialized(server.url('late'))
  let cutOnce = false
  using proxy = new CuttingProxy(server.socket, () => {
    if (cutOnce) return null
    cutOnce = true
    return { way: 'to-server', after: 2, of: 'pieces' }
  })
  using store = await opened(proxy.url('late'), 'write')
  const updating = store.update(() => deciding({ kind: 'add', reservation }))
  // Somebody removes it as soon as it is there.
  const removing = (async () => {
    while ((await direct.read())?.reservations.length === 0) await Bun.sleep(1)
    await direct.update(() => deciding({ kind: 'remove', id: 'mine', releasedAt: 1 }))
  })()
  await Promise.all([updating, removing])
  expect((await direct.read())?.reservations).toEqual([])
})

test('a server that says nothing is given up after a deadline', async () => {
  using proxy = new CuttingProxy(server.socket, () => 'silent')
  using store = await opened(proxy.url('silent'), 'write')
  const failing = store.update(() => initializing(1)).catch(error => error as unknown)
  expect(await failing).toMatchObject({ code: 'store-unreachable', reason: 'no answer within 5s' })
}, 60_000)
