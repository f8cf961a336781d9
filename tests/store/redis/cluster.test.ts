import { afterAll, describe, expect, test } from 'bun:test'
import type { StoreRefusesError } from '../../../src/core/errors.ts'
import { movedTo } from '../../../src/store/redis/nodes.ts'
import { ReplyError } from '../../../src/store/redis/reply.ts'
import { parseRedisUrl } from '../../../src/store/redis/url.ts'
import { failureOf } from '../../helpers/failure.ts'
import { aManual, idle, NOW } from '../../helpers/pools.ts'
import { RedisCluster } from '../../helpers/redis-cluster.ts'
import { deciding, initialized, opened } from '../../helpers/stores.ts'
import { storeContract } from '../contract.ts'
import { historyContract } from '../history.ts'

const cluster = await RedisCluster.start()
afterAll(() => cluster[Symbol.asyncDispose]())

storeContract('Redis cluster', cluster.place)
historyContract('Redis cluster', cluster.place)

describe('a cluster', () => {
  test('holds the keys of a host on one node, and those of many hosts on all', async () => {
    for (let host = 0; host < 20; host++) {
      using store = await initialized(cluster.url(`spread-${host}`, host % 3))
      await store.update(() => deciding({ kind: 'add', reservation: aManual({ gpus: [host % 8] }) }))
    }
    const keys = await cluster.each('KEYS', 'canhazgpu:{spread-*')
    const hosts = keys.map(lines => new Set(lines.match(/spread-\d+/g)))
    expect(hosts.map(({ size }) => size > 0)).toEqual([true, true, true])
    expect(new Set(hosts.flatMap(some => [...some])).size).toBe(20)
    expect(hosts.reduce((sum, { size }) => sum + size, 0)).toBe(20)
  })

  test('shows all hosts, their records and their events by any node', async () => {
    const names = Array.from({ length: 12 }, (_, at) => `seen-${at}`)
    for (const name of names) {
      using store = await initialized(cluster.url(name))
      await store.update(() => deciding({ kind: 'add', reservation: aManual({ id: name, gpus: [1] }) }))
      await store.fleet?.leave(idle(8), NOW)
    }
    for (const node of [0, 1, 2]) {
      using store = await opened(cluster.url('seen-0', node), 'read')
      const hosts = (await store.fleet?.hosts()) ?? []
      const seen = hosts.filter(({ host }) => names.includes(host))
      expect(seen.map(({ host, pool }) => [host, pool.reservations[0]?.id])).toEqual(
        names.toSorted().map(name => [name, name]),
      )
      expect(seen.every(({ lastSignAgoMs }) => lastSignAgoMs < 60_000)).toBe(true)
      expect(await store.fleet?.usageRecords(names, 0)).toEqual([])
      expect(await store.fleet?.events(names, 100)).toEqual([])
    }
  })

  test('may move the keys of a host to another node while a store is open', async () => {
    using store = await initialized(cluster.url('mover'))
    using listener = Object.assign(await store.listen(), { [Symbol.dispose]: () => listener.close() })
    const slot = await cluster.slotOf('canhazgpu:{mover}:pool')
    const from = await cluster.holderOf(slot)
    const to = (from + 1) % 3
    await cluster.beginMove(slot, from, to)
    // Some keys of the script are on one node, and some on the other.
    const failure = await failureOf(store.update(() => deciding({ kind: 'add', reservation: aManual() })))
    expect(String(failure)).toContain('its cluster is moving the key to another node')
    await cluster.endMove(slot, from, to)
    await store.update(() => deciding({ kind: 'add', reservation: aManual() }))
    expect(await listener.wait([], 10_000)).toBe(true)
    expect((await store.read())?.reservations).toHaveLength(1)
    expect(await cluster.holderOf(slot)).toBe(to)
  })

  test('names the node that refuses, where it is not that of the URL', async () => {
    const host = await hostOn(1)
    await cluster.nodes[0]?.cli('ACL', 'SETUSER', 'guest', 'on', '>secret', '~*', '&*', '+@all')
    using stranger = await opened(cluster.url(host).replace('//', '//guest:secret@'), 'read')
    const failure = await failureOf(stranger.read())
    const { url = '', reason } = failure as Partial<StoreRefusesError>
    expect([url, reason]).toEqual([
      `redis://guest@127.0.0.1:${cluster.nodes[0]?.port}?host=${host} (its node 127.0.0.1:${cluster.nodes[1]?.port})`,
      'wrong user name or password',
    ])
    expect(String(failure)).not.toContain('secret')
  })

  test('has no other database', async () => {
    using store = await opened(`${cluster.url('gpu1')}&db=3`, 'read')
    expect(String(await failureOf(store.read()))).toContain('it has no database 3')
  })

  // The last one: it needs the cluster no more.
  test('names the node that is not there, where it is not that of the URL', async () => {
    const url = cluster.url(await hostOn(2))
    await cluster.nodes[2]?.kill()
    using store = await opened(url, 'read')
    expect(await failureOf(store.read())).toMatchObject({
      url: `${url} (its node 127.0.0.1:${cluster.nodes[2]?.port})`,
      reason: 'nobody answers there',
    })
  })
})

/** A host whose keys are on a node. */
async function hostOn(node: number): Promise<string> {
  for (let at = 0; ; at++) {
    const host = `on-${node}-${at}`
    using _ = await initialized(cluster.url(host))
    if ((await cluster.holderOf(await cluster.slotOf(`canhazgpu:{${host}}:pool`))) === node) return host
  }
}

describe('where a node says that a key is', () => {
  const { target: tcp } = parseRedisUrl('redis://alice:secret@gpu-redis:7000?host=a')
  const { target: unix } = parseRedisUrl('redis+unix:///run/redis.sock?host=a')
  const moved = (text: string, asked = tcp) => movedTo(new ReplyError(text), asked)

  test.each([
    ['MOVED 3999 10.0.0.7:6381', '10.0.0.7', 6381],
    ['MOVED 0 redis-2.example.org:6379', 'redis-2.example.org', 6379],
    ['MOVED 16383 fe80::1:6381', 'fe80::1', 6381],
    ['MOVED 3999 :6381', 'gpu-redis', 6381],
  ])('%s', (text, hostname, port) => {
    expect(moved(text)).toEqual({ kind: 'tcp', hostname, port })
  })

  test.each([
    ...['ERR no', 'MOVED', 'MOVED 1 host', 'MOVED 1 ?:6379', 'MOVED 1 a b:1', 'ASK 1 10.0.0.7:1'],
    // As a node says that speaks nothing but TLS, to whoever came by its socket; and what is no address at all.
    ...['MOVED 1 10.0.0.7:0', 'MOVED 1 10.0.0.7:65536', 'MOVED 1 a:b:c:1', 'MOVED 1 :::1:1:1'],
  ])('is nowhere in %j', text => expect(moved(text)).toBeNull())

  test('is nowhere without a host, where a socket was asked', () => {
    expect(moved('MOVED 1 :6379', unix)).toBeNull()
    expect(moved('MOVED 1 10.0.0.7:6379', unix)).toMatchObject({ port: 6379 })
  })

  test.each([['OK'], [null], [3], [[]]])('is nowhere in %j, which is no error', reply => {
    expect(movedTo(reply, tcp)).toBeNull()
  })
})
