import { afterAll, afterEach, expect, test } from 'bun:test'
import { ownersOn } from '../../../src/cli/fleet/open-fleet.ts'
import { fleetDocument } from '../../../src/cli/output/json/fleet.ts'
import { linesOf } from '../../../src/cli/output/status-lines.ts'
import type { Change } from '../../../src/core/changes.ts'
import { StoreGarbledError } from '../../../src/core/errors.ts'
import { ended, logged } from '../../../src/core/history.ts'
import { findHosts, viewHost } from '../../../src/core/host-view.ts'
import type { Pool } from '../../../src/core/pool.ts'
import { poolQueue } from '../../../src/core/queue.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Store } from '../../../src/store/store.ts'
import { failureOf } from '../../helpers/failure.ts'
import { aHolder, aManual, anEntry, aRun, idle, MINUTE, NOW, usageOf } from '../../helpers/pools.ts'
import { RedisServer } from '../../helpers/redis-server.ts'
import { deciding, initialized } from '../../helpers/stores.ts'

const server = await RedisServer.start()
afterAll(() => server[Symbol.asyncDispose]())
afterEach(() => server.cli('FLUSHALL'))

function fleetOf(store: Store) {
  if (!store.fleet) throw new Error('no fleet')
  return store.fleet
}

async function hostsOf(store: Store) {
  return new Map((await fleetOf(store).hosts()).map(host => [host.host, host]))
}

test('shows every host with its pool, by name', async () => {
  using b = await initialized(server.url('b'))
  using a = await initialized(server.url('a'))
  const reservation = aManual({ gpus: [3] })
  await b.update(() => deciding({ kind: 'add', reservation }))
  const hosts = await fleetOf(a).hosts()
  expect(hosts.map(({ host }) => host)).toEqual(['a', 'b'])
  expect(hosts.map(({ pool }) => pool.reservations)).toEqual([[], [reservation]])
  expect(hosts[1]?.pool).toEqual((await b.read()) as Pool)
  expect([fleetOf(a).host, fleetOf(b).host]).toEqual(['a', 'b'])
})

test('has no hosts where no pool was made', async () => {
  using store = await openedFor('a')
  expect(await fleetOf(store).hosts()).toEqual([])
  expect(await fleetOf(store).usageRecords(['a'], 0)).toEqual([])
  expect(await fleetOf(store).events(['a'], 10)).toEqual([])
})

test('tells what a probe has seen there, how long ago, and what that host takes for the time', async () => {
  using a = await initialized(server.url('a'))
  using b = await initialized(server.url('b'))
  const before = await hostsOf(b)
  expect(before.get('a')?.probed).toBeNull()
  // A clock that is ten minutes fast.
  const theirs = Date.now() + 10 * MINUTE
  await fleetOf(a).leave(idle(8), theirs)
  const seen = (await hostsOf(b)).get('a')
  expect(seen?.probed?.usage).toEqual(idle(8))
  expect(seen?.probed?.agoMs).toBeLessThan(MINUTE)
  expect(seen?.lastSignAgoMs).toBeLessThan(MINUTE)
  expect(seen?.now).toBeGreaterThanOrEqual(theirs)
  expect(seen?.now).toBeLessThan(theirs + MINUTE)
})

test('counts the age of what a probe has seen from when it began to look', async () => {
  using a = await initialized(server.url('a'))
  const now = Date.now()
  await fleetOf(a).leave(idle(8), now, now - 27_000)
  const { probed, lastSignAgoMs } = (await hostsOf(a)).get('a') ?? {}
  expect(probed?.agoMs).toBeGreaterThanOrEqual(27_000)
  expect(lastSignAgoMs).toBeLessThan(27_000)
})

test('gives the history of all hosts', async () => {
  using a = await initialized(server.url('a'))
  using b = await initialized(server.url('b'))
  const { processes: _, heartbeatAt: __, endsAt: ___, ...claim } = aRun()
  const record = (id: string, endedAt: number): Change => ({
    kind: 'record',
    record: { ...claim, id, endedAt, ending: 'finished' },
  })
  await a.update(() => deciding(record('a1', 100), logged('queued', aRun({ id: 'first' }), 9000)))
  await b.update(() => deciding(record('b1', 200), logged('queued', aRun({ id: 'second' }), 1)))
  await a.update(() => deciding(record('a2', 50), logged('queued', aRun({ id: 'third' }), 5)))
  const records = await fleetOf(b).usageRecords(['a', 'b'], 100)
  expect(records.map(({ host, record }) => [host, record.id])).toEqual([
    ['a', 'a1'],
    ['b', 'b1'],
  ])
  const events = await fleetOf(b).events(['a', 'b'], 2)
  expect(events.map(({ host, event }) => [host, event.id])).toEqual([
    ['b', 'second'],
    ['a', 'third'],
  ])
  expect((await fleetOf(b).usageRecords(['b'], 0)).map(({ host }) => host)).toEqual(['b'])
  expect((await fleetOf(b).events(['b'], 9)).map(({ host }) => host)).toEqual(['b'])
})

test('is not kept from the others by what is no host', async () => {
  using a = await initialized(server.url('a'))
  for (const field of ['pool', 'sign']) {
    const copy = await server.cli('HGET', 'canhazgpu:fleet', `a/${field}`)
    await server.cli('HSET', 'canhazgpu:fleet', `-oProxyCommand=x/${field}`, copy.trim())
  }
  expect([...(await hostsOf(a)).keys()]).toEqual(['a'])
})

test('does not let an older copy of a pool take the place of a newer one', async () => {
  using a = await initialized(server.url('a'))
  const [revision = ''] = (await server.cli('HGET', 'canhazgpu:fleet', 'a/revision')).split('\n')
  await a.update(() => deciding({ kind: 'add', reservation: aManual() }))
  await server.cli('HSET', 'canhazgpu:fleet', 'a/revision', String(Number(revision) * 2))
  await a.update(() => deciding({ kind: 'add', reservation: aRun({ gpus: [7] }) }))
  expect((await hostsOf(a)).get('a')?.pool.reservations).toHaveLength(1)
})

/** Each value within a text of JSON, put aside by something else: what a slip of somebody's hand or another program may leave. */
function spoilt(text: string): string[] {
  const whole = JSON.parse(text) as unknown
  const found: string[] = []
  const visit = (value: unknown, replace: (other: unknown) => void) => {
    for (const other of [null, {}, 'x', 1e300, [null]]) {
      replace(other)
      found.push(JSON.stringify(whole))
    }
    replace(value)
    if (typeof value !== 'object' || value === null) return
    for (const key of Object.keys(value)) {
      const object = value as Record<string, unknown>
      visit(object[key], other => {
        object[key] = other
      })
    }
  }
  for (const key of Object.keys(whole as object)) {
    const object = whole as Record<string, unknown>
    visit(object[key], other => {
      object[key] = other
    })
  }
  return found
}

test('is shown whatever somebody has written into the copies of a host', async () => {
  using a = await initialized(server.url('a'))
  using b = await initialized(server.url('b'))
  await b.update(() =>
    deciding(
      { kind: 'add', reservation: aManual({ gpus: [1] }) },
      { kind: 'add', reservation: aRun({ gpus: [2] }) },
      { kind: 'enqueue', entry: anEntry() },
      { kind: 'drain', index: 3, drain: { at: NOW, by: aHolder(0), note: null } },
    ),
  )
  const process = { pid: 7, name: 'x', memoryMiB: 5, userName: 'bob' }
  await fleetOf(b).leave(usageOf({ memoryUsedMiB: 5, processes: [process] }), NOW)
  for (const what of ['pool', 'probe']) {
    const [, time = '', text = ''] =
      /^(\d+ )?(.*)/s.exec((await server.cli('HGET', 'canhazgpu:fleet', `b/${what}`)).trim()) ?? []
    for (const garbage of spoilt(text)) {
      await server.cli('HSET', 'canhazgpu:fleet', `b/${what}`, time + garbage)
      const hosts = await fleetOf(a).hosts()
      expect(hosts[0]?.host).toBe('a')
      for (const host of hosts) {
        const view = viewHost(host, 100)
        fleetDocument([view], ownersOn, NOW)
        linesOf(view.statuses, view.facts, ownersOn(view))
        poolQueue(view.pool, view.facts)
        findHosts([view], 1, 'a')
      }
    }
    await server.cli('HSET', 'canhazgpu:fleet', `b/${what}`, time + text)
  }
  expect((await hostsOf(a)).get('b')?.probed).not.toBeNull()
})

test('tells in one line of what is no record, and no event', async () => {
  using a = await initialized(server.url('a'))
  await server.cli('XADD', 'canhazgpu:{a}:records', '*', 'at', '1', 'record', '{"id":"x"}')
  await server.cli('XADD', 'canhazgpu:{a}:events', '*', 'at', '1', 'written', '1', 'event', '{"at":1}')
  expect(await failureOf(fleetOf(a).usageRecords(['a'], 0))).toBeInstanceOf(StoreGarbledError)
  expect(await failureOf(fleetOf(a).events(['a'], 10))).toBeInstanceOf(StoreGarbledError)
  expect(await failureOf(a.usageRecords(0))).toBeInstanceOf(StoreGarbledError)
  expect(await failureOf(a.events({ after: 0, limit: 10 }))).toBeInstanceOf(StoreGarbledError)
})

async function openedFor(host: string): Promise<Store & Disposable> {
  const store = await openStore(server.url(host), 'read')
  return Object.assign(store, { [Symbol.dispose]: () => store.close() })
}

test('shows 200 hosts with 8 GPUs each, all in use', async () => {
  using store = await initialized(server.url('gpu0'))
  const reservations = Array.from({ length: 8 }, (_, gpu) => aRun({ id: `run-${gpu}`, gpus: [gpu] }))
  await store.update(() =>
    deciding(...reservations.map((reservation): Change => ({ kind: 'add', reservation }))),
  )
  await fleetOf(store).leave(idle(8), Date.now())
  for (const field of ['pool', 'sign', 'probe']) {
    const copy = await server.cli('HGET', 'canhazgpu:fleet', `gpu0/${field}`)
    const copies = Array.from({ length: 199 }, (_, n) => [`gpu${n + 1}/${field}`, copy]).flat()
    await server.cli('HSET', 'canhazgpu:fleet', ...copies)
  }
  const hosts = await fleetOf(store).hosts()
  expect(hosts).toHaveLength(200)
  expect(hosts.at(-1)?.pool.reservations).toEqual(reservations)
})

test('has every record, of more hosts and of more records than are asked for at once', async () => {
  const record = (id: string, endedAt: number): Change[] =>
    ended(aManual({ id, gpus: [0] }), 'released', { endedAt, now: endedAt }).filter(
      ({ kind }) => kind === 'record',
    )
  const now = Date.now()
  const names = Array.from({ length: 45 }, (_, place) => `host-${place}`)
  for (const name of names) {
    using store = await initialized(server.url(name))
    const count = name === 'host-7' ? 4500 : 1
    const changes = Array.from({ length: count }, (_, place) =>
      record(`${name}-${place}`, now + place),
    ).flat()
    await store.update(() => deciding(...changes))
  }
  using store = await openedFor('host-0')
  const found = await fleetOf(store).usageRecords(names, now)
  expect(found).toHaveLength(44 + 4500)
  expect(new Set(found.map(({ host, record }) => `${host} ${record.id}`)).size).toBe(44 + 4500)
  expect(new Set(found.map(({ host }) => host))).toEqual(new Set(names))
})
