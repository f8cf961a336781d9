import { afterAll, describe, expect, test } from 'bun:test'
import { heartbeatOf } from '../../../src/cli/keeper-heartbeat.ts'
import { ended } from '../../../src/core/history.ts'
import { initialize } from '../../../src/core/initialize.ts'
import type { RunReservation } from '../../../src/core/pool.ts'
import type { Life } from '../../../src/core/restore.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Store } from '../../../src/store/store.ts'
import { aHolder, aManual, aRun } from '../../helpers/pools.ts'
import { RedisServer } from '../../helpers/redis-server.ts'
import { deciding, opened } from '../../helpers/stores.ts'

const server = await RedisServer.start()
afterAll(() => server[Symbol.asyncDispose]())

const making = (force: boolean) => (pool: Parameters<typeof initialize>[0]) =>
  initialize(pool, { provider: 'fake', gpuCount: 8, force, by: aHolder() }, Date.now())

const ids = async (store: Store) => (await store.read())?.reservations.map(({ id }) => id)

test('a pool begins a life, which ends only with the loss of everything', async () => {
  using store = await opened(server.url('lives'), 'create')
  const lives: (Life | null)[] = []
  const look = () =>
    store.update((_, life) => {
      lives.push(life)
      return deciding()
    })
  await look()
  await store.update(making(false))
  await look()
  await store.update(making(true))
  await look()
  await server.cli('FLUSHALL')
  await look()
  await store.update(making(false))
  await look()
  await server.cli('FLUSHALL')
  await store.update(making(true))
  await look()
  const [none, first, forced, lost, second, third] = lives
  expect([none, lost]).toEqual([null, null])
  expect([first, forced, second, third].map(life => life?.isCleared)).toEqual([false, true, false, true])
  expect(forced?.id).toBe(first?.id ?? '')
  expect(new Set([first?.id, second?.id, third?.id]).size).toBe(3)
})

describe('a keeper', () => {
  const claim = aRun({ id: 'mine', gpus: [3], reservedAt: Date.now() })
  const kept = { id: 'mine', uid: claim.holder.uid }

  test('puts back what it keeps, unless an administrator has started over meanwhile', async () => {
    using store = await opened(server.url('kept'), 'create')
    const beat = heartbeatOf(kept, claim)
    await store.update(making(false))
    await store.update(() => deciding({ kind: 'add', reservation: claim }))
    expect(await beat(store)).toBe(true)
    await server.cli('FLUSHALL')
    expect([await beat(store), await ids(store)]).toEqual([true, undefined])
    await store.update(making(false))
    expect([await ids(store), await beat(store), await ids(store)]).toEqual([[], true, ['mine']])
    await store.update(making(true))
    expect([await beat(store), await ids(store)]).toEqual([false, []])
    await server.cli('FLUSHALL')
    await store.update(making(true))
    expect([await beat(store), await ids(store)]).toEqual([false, []])
  })

  test.each([
    ['before its first sign of life', false],
    ['after it', true],
  ])('puts back what it keeps when the server comes back as it was before, %s', async (_, isSeen) => {
    await using forgetful = await RedisServer.start()
    using store = await opened(forgetful.url('kept'), 'create')
    await store.update(making(false))
    await store.update(() => deciding({ kind: 'add', reservation: aManual({ id: 'old', gpus: [1] }) }))
    await forgetful.cli('SAVE')
    const beat = heartbeatOf(kept, claim)
    await store.update(() => deciding({ kind: 'add', reservation: claim }))
    if (isSeen) expect(await beat(store)).toBe(true)
    await forgetful.kill()
    await forgetful.start()
    // Somebody was quicker, on other GPUs.
    await store.update(() => deciding({ kind: 'add', reservation: aManual({ id: 'new', gpus: [2] }) }))
    expect(await ids(store)).toEqual(['old', 'new'])
    expect([await beat(store), await ids(store)]).toEqual([true, ['old', 'new', 'mine']])
  })

  test('ends when its reservation was ended, whatever became of the server before', async () => {
    using store = await opened(server.url('ended'), 'create')
    await store.update(making(false))
    await store.update(() => deciding({ kind: 'add', reservation: claim }))
    const beat = heartbeatOf(kept, claim)
    expect(await beat(store)).toBe(true)
    const now = Date.now()
    await store.update(() => deciding(...ended(claim, 'released', { endedAt: now, now })))
    expect([await beat(store), await ids(store)]).toEqual([false, []])
  })
})

describe('a server that has begun anew', () => {
  const lost = aRun({ id: 'lost', gpus: [3], reservedAt: Date.now() })

  /** A store that asks what lives, and how often it has asked. */
  async function asking(host: string, lives: () => readonly RunReservation[], isNew = true) {
    const asked = { times: 0 }
    const survivors = () => {
      asked.times++
      return lives()
    }
    const store = await openStore(server.url(host), 'create', { survivors })
    if (isNew) await store.update(making(false))
    await store.update(() => deciding())
    return Object.assign(store, { asked, [Symbol.dispose]: () => store.close() })
  }

  test('is asked about once, by whoever updates a pool next', async () => {
    using store = await asking('once', () => [])
    expect(store.asked.times).toBe(1)
    await store.update(() => deciding({ kind: 'add', reservation: aManual() }))
    await store.read()
    expect(store.asked.times).toBe(1)
    await server.cli('SCRIPT', 'FLUSH')
    await store.read()
    expect(store.asked.times).toBe(1)
    await store.update(() => deciding())
    await store.update(() => deciding())
    expect(store.asked.times).toBe(2)
  })

  test('has what it lost put back before anything is decided', async () => {
    const lives: RunReservation[] = []
    using store = await asking('back', () => lives)
    lives.push(lost)
    await server.cli('SCRIPT', 'FLUSH')
    const seen: (string[] | undefined)[] = []
    await store.update(pool => {
      seen.push(pool?.reservations.map(({ id }) => id))
      return deciding()
    })
    expect(seen).toEqual([['lost']])
    expect(await ids(store)).toEqual(['lost'])
  })

  test('has nothing put back that has ended, or whose GPUs others have', async () => {
    const taken = { ...lost, id: 'taken', gpus: [5] }
    using store = await asking('over', () => [lost, taken])
    const end = { endedAt: Date.now(), now: Date.now() }
    await store.update(() =>
      deciding(...ended(lost, 'cleared', end), { kind: 'remove', id: 'taken', releasedAt: 0 }),
    )
    await store.update(() => deciding({ kind: 'add', reservation: aManual({ id: 'other', gpus: [5] }) }))
    await server.cli('SCRIPT', 'FLUSH')
    await store.update(() => deciding())
    expect(await ids(store)).toEqual(['other'])
  })

  test('keeps the order of decisions while two notice it at once', async () => {
    using one = await asking('two', () => [lost])
    using other = await asking('two', () => [lost], false)
    await server.cli('SCRIPT', 'FLUSH')
    const add = (id: string, gpu: number) => () =>
      deciding({ kind: 'add', reservation: aManual({ id, gpus: [gpu] }) })
    await Promise.all([one.update(add('a', 0)), other.update(add('b', 1))])
    expect((await ids(one))?.sort()).toEqual(['a', 'b', 'lost'])
  })
})
