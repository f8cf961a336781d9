import { afterAll, expect, test } from 'bun:test'
import { initialize } from '../../../src/core/initialize.ts'
import { beatOverLosses, type Life } from '../../../src/core/restore.ts'
import { aHolder, aRun, NOW } from '../../helpers/pools.ts'
import { RedisServer } from '../../helpers/redis-server.ts'
import { deciding, opened } from '../../helpers/stores.ts'

const server = await RedisServer.start()
afterAll(() => server[Symbol.asyncDispose]())

const making = (force: boolean) => (pool: Parameters<typeof initialize>[0]) =>
  initialize(pool, { provider: 'fake', gpuCount: 8, force, by: aHolder() }, NOW)

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

test('a keeper puts back what it keeps, unless an administrator has started over meanwhile', async () => {
  using store = await opened(server.url('kept'), 'create')
  const claim = aRun({ id: 'mine', gpus: [3] })
  const kept = { id: 'mine', uid: claim.holder.uid }
  let seenIn: Life | null = null
  const beat = async (): Promise<boolean> => {
    const seen: { isHeld: boolean; seenIn: Life | null } = await store.update((pool, life) =>
      beatOverLosses(pool, life, { kept, claim, seenIn }, NOW + 1),
    )
    seenIn = seen.seenIn
    return seen.isHeld
  }
  const ids = async () => (await store.read())?.reservations.map(({ id }) => id)
  await store.update(making(false))
  await store.update(() => deciding({ kind: 'add', reservation: claim }))
  expect(await beat()).toBe(true)
  await server.cli('FLUSHALL')
  expect([await beat(), await ids()]).toEqual([true, undefined])
  await store.update(making(false))
  expect([await ids(), await beat(), await ids()]).toEqual([[], true, ['mine']])
  await store.update(making(true))
  expect([await beat(), await ids()]).toEqual([false, []])
  await server.cli('FLUSHALL')
  await store.update(making(true))
  expect([await beat(), await ids()]).toEqual([false, []])
})
