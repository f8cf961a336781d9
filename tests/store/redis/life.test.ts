import { afterAll, describe, expect, test } from 'bun:test'
import { heartbeatOf } from '../../../src/cli/keeper-heartbeat.ts'
import { ended } from '../../../src/core/history.ts'
import { initialize } from '../../../src/core/initialize.ts'
import type { Life } from '../../../src/core/restore.ts'
import type { Store } from '../../../src/store/store.ts'
import { aHolder, aManual, aRun } from '../../helpers/pools.ts'
import { RedisServer } from '../../helpers/redis-server.ts'
import { deciding, opened } from '../../helpers/stores.ts'

const server = await RedisServer.start()
afterAll(() => server[Symbol.asyncDispose]())

const making = (force: boolean) => (pool: Parameters<typeof initialize>[0]) =>
  initialize(pool, { provider: 'fake', gpuCount: 8, force, by: aHolder() }, Date.now())

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

  const ids = async (store: Store) => (await store.read())?.reservations.map(({ id }) => id)
})
