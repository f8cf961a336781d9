import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { initialize } from '../../../src/core/initialize.ts'
import { isSameStore, openStore } from '../../../src/store/open.ts'
import type { Store } from '../../../src/store/store.ts'
import { aHolder, aManual, anEntry, idle, NOW } from '../../helpers/pools.ts'
import { RedisServer } from '../../helpers/redis-server.ts'
import { deciding, initialized, opened } from '../../helpers/stores.ts'
import { until } from '../../helpers/until.ts'

const server = await RedisServer.start()
afterAll(() => server[Symbol.asyncDispose]())
afterEach(() => server.cli('FLUSHALL'))

/** What `docs/fleet.md` tells an administrator to allow: all that canhazgpu needs, and nothing else. */
const NEEDED = {
  keys: 'canhazgpu:*',
  channels: 'canhazgpu:*',
  commands:
    'eval hmget hget hset hgetall get set del pexpire type time xadd xdel xrange xrevrange publish subscribe select script|exists script|load',
}

/** A user who may do nothing but that. */
async function limitedUser(
  name: string,
  without: readonly string[] = [],
  keys = NEEDED.keys,
): Promise<string> {
  const commands = NEEDED.commands.split(' ').filter(command => !without.includes(command))
  await server.cli(
    ...['ACL', 'SETUSER', name, 'reset', 'on', '>pw', `~${keys}`, `&${NEEDED.channels}`],
    ...commands.map(command => `+${command}`),
  )
  return server.url('gpu1', `${name}:pw@`)
}

/** Everything that a store can do. */
async function useAll(store: Store): Promise<void> {
  const { fleet } = store
  if (!fleet) throw new Error('no fleet')
  await store.update(pool =>
    initialize(pool, { provider: 'fake', gpuCount: 8, force: true, by: aHolder() }, NOW),
  )
  using listener = Object.assign(await store.listen(), { [Symbol.dispose]: () => listener.close() })
  await store.update(() =>
    deciding({ kind: 'add', reservation: aManual() }, { kind: 'enqueue', entry: anEntry() }),
  )
  expect(await listener.wait([], 10_000)).toBe(true)
  await store.update(pool =>
    initialize(pool, { provider: 'fake', gpuCount: 8, force: true, by: aHolder() }, NOW),
  )
  expect(await store.usageRecords(0)).toHaveLength(1)
  expect((await store.events({ after: 0, limit: 10 })).length).toBeGreaterThan(1)
  await store.readWithUses(0, () => {})
  expect(await store.alone(async () => 'done')).toBe('done')
  await fleet.leave(idle(8), NOW)
  expect(await fleet.hosts()).toHaveLength(1)
  expect(await fleet.usageRecords(['gpu1'], 0)).toHaveLength(1)
  expect((await fleet.events(['gpu1'], 10)).length).toBeGreaterThan(1)
}

/** What an update of a pool that may be there comes to. */
async function refusal(url: string): Promise<{ code?: string; message: string }> {
  using store = await opened(url, 'write')
  return store
    .update(() => deciding({ kind: 'add', reservation: aManual({ id: 'new', gpus: [5] }) }))
    .then(
      () => ({ message: 'it was done' }),
      error => error as { code: string; message: string },
    )
}

describe('a user who may do what the documentation lists', () => {
  test('can do everything', async () => {
    using store = await opened(await limitedUser('able'), 'create', { survivors: () => [] })
    await useAll(store)
  })

  // Another database, and an act of more than 20 seconds, are not tried here; nobody is told that a mark could not be left.
  const untried = ['select', 'pexpire', 'script|load']
  test.each(NEEDED.commands.split(' ').filter(command => !untried.includes(command)))(
    'needs %s',
    async command => {
      const url = await limitedUser('less', [command])
      using store = await opened(url, 'create', { survivors: () => [] })
      const answer = await useAll(store).then(
        () => null,
        error => error as { code: string; message: string },
      )
      expect(answer).toMatchObject({ code: 'store-refuses' })
      expect(answer?.message).toMatch(
        /cannot be used: this user has no permission \(.*\)\. Nothing was changed; /,
      )
      expect(answer?.message).not.toContain('\n')
    },
  )
})

describe('is refused in one line, and nothing is changed:', () => {
  const shown = `redis+unix://${server.socket}?host=gpu1`
  const namedUser = shown.replace('://', '://able@')

  test('a wrong password, which is not told', async () => {
    using store = await initialized(server.url('gpu1'))
    await limitedUser('able')
    expect(await refusal(server.url('gpu1', 'able:wrong-one@'))).toMatchObject({
      code: 'store-refuses',
      message: `The store ${namedUser} cannot be used: wrong user name or password. Nothing was changed; correct it where the URL is set`,
    })
    expect((await store.read())?.reservations).toEqual([])
  })

  test('no password where one is wanted', async () => {
    await using closed = await RedisServer.start('--requirepass', 'secret')
    expect(await refusal(closed.url('gpu1'))).toMatchObject({
      message: expect.stringContaining('cannot be used: it wants a password. '),
    })
    using store = await initialized(closed.url('gpu1', ':secret@'))
    expect((await store.read())?.gpus).toHaveLength(8)
  })

  test('a user of other keys', async () => {
    const url = await limitedUser('stranger', [], 'other:*')
    expect(await refusal(url)).toMatchObject({
      code: 'store-refuses',
      message: expect.stringContaining('this user has no permission'),
    })
  })

  test('a user who may do all of it but keep records', async () => {
    using store = await initialized(server.url('gpu1'))
    const url = await limitedUser('half', ['xadd'])
    expect(await refusal(url)).toMatchObject({ code: 'store-refuses' })
    expect((await store.read())?.reservations).toEqual([])
  })

  test.each(['pool', 'records', 'events'])('something else at the key of the %s', async key => {
    using _store = await initialized(server.url('gpu1'))
    await server.cli('DEL', `canhazgpu:{gpu1}:${key}`)
    await server.cli('SET', `canhazgpu:{gpu1}:${key}`, 'x')
    expect(await refusal(server.url('gpu1'))).toMatchObject({
      code: 'store-garbled',
      message: `Cannot understand canhazgpu:{gpu1}:${key} in the store ${shown}: it is not of the type that canhazgpu keeps there. Nothing was changed; look at it with redis-cli, delete it, and run 'canhazgpu admin' again`,
    })
  })

  test.each([
    ['pool', 'garbage'],
    ['pool', '{}'],
    ['pool', '{"provider":"fake","gpus":[{"index":"x"}],"reservations":[],"queue":[],"observedAt":null}'],
    ['pool', 'null'],
    ['life', '[]'],
    ['life', 'null'],
    ['machine', '7'],
    ['schema', 'x'],
    ['schema', '0'],
    ['revision', 'first'],
    ['revision', '99999999999999999999'],
  ])('a %s of %s', async (field, value) => {
    using _store = await initialized(server.url('gpu1'))
    await server.cli('HSET', 'canhazgpu:{gpu1}:pool', field, value)
    expect(await refusal(server.url('gpu1'))).toMatchObject({ code: 'store-garbled' })
    expect(await server.cli('HGET', 'canhazgpu:{gpu1}:pool', field)).toBe(value)
  })

  test('a pool of a newer canhazgpu, to read and to write, and it stays as it is', async () => {
    using store = await initialized(server.url('gpu1'))
    await server.cli('HSET', 'canhazgpu:{gpu1}:pool', 'schema', '2', 'pool', '{"new":true}')
    const whole = async () => (await server.cli('HGETALL', 'canhazgpu:{gpu1}:pool')).split('\n').sort()
    const before = await whole()
    const message = `The pool ${server.url('gpu1')} was made by a newer canhazgpu (schema 2, this one knows up to 1). Install the newer version`
    const anew = { provider: 'fake', gpuCount: 8, force: true, by: aHolder() } as const
    const asks = [
      () => store.read(),
      () => store.update(pool => initialize(pool, anew, NOW)),
      () => store.readWithUses(0, () => {}),
    ]
    for (const ask of asks) await expect(ask()).rejects.toMatchObject({ code: 'store-too-new', message })
    expect(await whole()).toEqual(before)
  })

  test('a garbled record and event', async () => {
    using store = await initialized(server.url('gpu1'))
    await server.cli('XADD', 'canhazgpu:{gpu1}:records', '*', 'at', '1', 'record', '{')
    await server.cli('XADD', 'canhazgpu:{gpu1}:events', '*', 'at', '1', 'written', '1', 'event', '7')
    await expect(store.usageRecords(0)).rejects.toMatchObject({ code: 'store-garbled' })
    await expect(store.events({ after: 0, limit: 1 })).rejects.toMatchObject({ code: 'store-garbled' })
  })

  test('but what is no time in the history is forgotten with what is old', async () => {
    using _store = await initialized(server.url('gpu1'))
    for (const stream of ['records', 'events'])
      await server.cli('XADD', `canhazgpu:{gpu1}:${stream}`, '*', 'at', 'once', 'x', 'y')
    const store = await openStore(server.url('gpu1'), 'write', { historyMs: 1000 })
    await store.update(pool =>
      initialize(pool, { provider: 'fake', gpuCount: 8, force: true, by: aHolder() }, NOW),
    )
    expect((await store.events({ after: 0, limit: 10 })).map(({ event }) => event.kind)).toContain(
      'initialized',
    )
    expect(await server.cli('XLEN', 'canhazgpu:{gpu1}:records')).toBe('0')
    store.close()
  })

  test('a server that is still loading its data, as one that is not there yet', async () => {
    const options = { 'key-load-delay': 20_000, 'loading-process-events-interval-bytes': 1024 }
    await using slow = await RedisServer.start(
      ...['--rdbcompression', 'no'],
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    )
    using store = await initialized(slow.url('gpu1'))
    await slow.cli('EVAL', "for i = 1, 200 do redis.call('SET', 'k' .. i, string.rep('x', 1000)) end", '0')
    await slow.cli('SAVE')
    await slow.kill()
    const isThere = slow.start()
    await until(async () => (await slow.cli('PING')).includes('LOADING'))
    const answer = await refusal(slow.url('gpu1'))
    expect(answer).toMatchObject({
      code: 'store-unreachable',
      message: expect.stringContaining('it is still loading its data. Nothing was changed; '),
    })
    await isThere
    expect((await store.read())?.gpus).toHaveLength(8)
  })

  test('a read-only replica', async () => {
    using _store = await initialized(server.url('gpu1'))
    // Which does not wait for further replicas before it begins.
    await using primary = await RedisServer.startOnPort('--repl-diskless-sync-delay', '0')
    await using replica = await RedisServer.start('--replicaof', `127.0.0.1 ${primary.port}`)
    using _pool = await initialized(primary.url('gpu1'))
    await until(async () => (await replica.cli('EXISTS', 'canhazgpu:{gpu1}:pool')) === '1')
    expect(await refusal(replica.url('gpu1'))).toMatchObject({
      code: 'store-refuses',
      message: expect.stringContaining('cannot be used: it is a read-only replica. '),
    })
    using reader = await opened(replica.url('gpu1'), 'read')
    expect((await reader.read())?.gpus).toHaveLength(8)
  })

  test.each(['XADD', 'EVAL', 'HMGET', 'TIME'])('an old server, without %s', async command => {
    await using old = await RedisServer.start('--rename-command', command, '')
    using store = await opened(old.url('gpu1'), 'create')
    const answer = await useAll(store).catch(error => error as { message: string })
    expect(answer).toMatchObject({ code: 'store-refuses' })
    expect(answer?.message).toMatch(
      /it does not know a command \(.*\)\. Nothing was changed; use Redis 6 or later/,
    )
    expect(await old.cli('KEYS', '*pool')).toBe('')
  })

  test('a server whose memory is full', async () => {
    using store = await initialized(server.url('gpu1'))
    await server.cli('CONFIG', 'SET', 'maxmemory', '1')
    const answer = await refusal(server.url('gpu1'))
    await server.cli('CONFIG', 'SET', 'maxmemory', '0')
    expect(answer).toMatchObject({ message: expect.stringContaining('its memory is full (maxmemory)') })
    expect((await store.read())?.reservations).toEqual([])
  })

  test('what is no Redis server', async () => {
    using other = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: { data: socket => void socket.write('HTTP/1.1 400\r\n') },
    })
    expect(await refusal(`redis://127.0.0.1:${other.port}/0?host=gpu1`)).toMatchObject({
      code: 'store-refuses',
      message: expect.stringContaining('this is no Redis server'),
    })
    other.stop(true)
  })

  test('what does not even answer a greeting, and so was asked for nothing', async () => {
    using mute = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    expect(await refusal(`rediss://127.0.0.1:${mute.port}/0?host=gpu1`)).toMatchObject({
      code: 'store-unreachable',
      mayBeDone: false,
    })
    mute.stop(true)
  })

  test('a database that is not there', async () => {
    expect(await refusal(`${server.url('gpu1')}&db=99`)).toMatchObject({
      message: expect.stringContaining('it has no database 99'),
    })
  })

  test('an update from another machine, but for one that takes its place', async () => {
    using store = await initialized(server.url('gpu1'))
    const elsewhere = JSON.stringify({ id: 'f'.repeat(32), bootId: '0f0e0d0c-0000-4000-8000-000000000000' })
    await server.cli('HSET', 'canhazgpu:{gpu1}:pool', 'machine', elsewhere)
    expect(await refusal(server.url('gpu1'))).toMatchObject({ code: 'other-machine' })
    expect((await store.read())?.gpus).toHaveLength(8)
    await store.fleet?.leave(idle(8), NOW)
    expect(await store.fleet?.hosts()).toMatchObject([{ probed: null }])
    await store.update(pool =>
      initialize(pool, { provider: 'fake', gpuCount: 8, force: true, by: aHolder() }, NOW),
    )
    expect(await refusal(server.url('gpu1'))).toEqual({ message: 'it was done' })
  })

  test('a pool that a container of the machine writes to stays the machine’s', async () => {
    using _store = await initialized(server.url('gpu1'))
    const ask = async () => JSON.parse(await server.cli('HGET', 'canhazgpu:{gpu1}:pool', 'machine')) as object
    const host = { ...(await ask()), id: 'f'.repeat(32) }
    await server.cli('HSET', 'canhazgpu:{gpu1}:pool', 'machine', JSON.stringify(host))
    expect(await refusal(server.url('gpu1'))).toEqual({ message: 'it was done' })
    expect(await ask()).toEqual(host)
  })

  test('an update from another boot of another machine with the same machine id is the same machine after a reboot', async () => {
    using _store = await initialized(server.url('gpu1'))
    const machine = JSON.parse(await server.cli('HGET', 'canhazgpu:{gpu1}:pool', 'machine')) as { id: string }
    if (machine.id === '') return
    const rebooted = JSON.stringify({ ...machine, bootId: '0f0e0d0c-0000-4000-8000-000000000000' })
    await server.cli('HSET', 'canhazgpu:{gpu1}:pool', 'machine', rebooted)
    expect(await refusal(server.url('gpu1'))).toEqual({ message: 'it was done' })
  })
})

describe('a URL', () => {
  test.each([
    ['redis://', 'Invalid store: "redis://"'],
    ['redis:x', 'Invalid store: "redis:x"'],
    ['redis://:secret@/0', 'Invalid store: "redis:///0"'],
    ['redis://u:se@cret@server:notaport/0', 'Invalid store: "redis://u@server:notaport/0"'],
    ['redis://u:se/cret@server/0', 'Invalid store: "redis://u@server/0"'],
    ['redis://u:se?cret@server/0', 'Invalid store: "redis://u@server/0"'],
    ['redis://u:63?cret@server/0', 'Invalid store: "redis://u@server/0". Use'],
    ['redis://u:se#cret@server/0', 'Invalid store: "redis://u@server/0"'],
    ['redis:/u:secret@server', 'Invalid store: "redis:/u@server"'],
    ['u:secret@server', 'Invalid store: "u:server"'],
    ['valkey://u:se/cret@server', 'Invalid store: "valkey://u@server"'],
    ['redis://server?password=secret', 'Invalid store: "redis://server?…". It has no option password'],
    ['redis+unix:///run/a@b.sock?db=x', 'The number of the database'],
    ['redis://server/first', 'The number of the database stands behind the last /'],
    ['redis://server?ca=/x', 'Certificates are for rediss:'],
    ['rediss://server?cert=/x', 'cert= and key='],
    ['redis://server?sa=/x', 'It has no option sa'],
    ['redis+unix://x', 'Invalid store: "redis+unix://x"'],
    ['redis://server:0', 'Invalid store: "redis://server:0"'],
    ['redis://server:65536', 'Invalid store: "redis://server:65536"'],
    ['redis://[a:b:c]:6379', 'Invalid store: "redis://[a:b:c]:6379"'],
    ['redis://server?host=GPU_1', 'Invalid host: "GPU_1"'],
  ])('%s is refused with the way to write it, and without the password', async (url, message) => {
    const failure = await openStore(url, 'read').then(
      () => null,
      error => error as Error,
    )
    expect(failure?.message).toContain(message)
    expect(failure?.message).not.toContain('secret')
    expect(failure?.message).not.toContain('cret@')
  })

  test.each([
    ['rediss://server:1/0?ca=/nonexistent/ca.pem&host=a', 'the file /nonexistent/ca.pem cannot be read'],
  ])('%s', async (url, message) => {
    expect((await refusal(url)).message).toContain(message)
  })

  test('names the same place however it is spelled, and whoever logs in', () => {
    const same = 'redis://gpu:secret@gpu-store.lab:6379/0?host=gpu1'
    expect(isSameStore('redis://GPU-Store.lab?host=gpu1', same)).toBe(true)
    expect(isSameStore('redis://gpu-store.lab/1?host=gpu1', same)).toBe(false)
    expect(isSameStore('redis://gpu-store.lab?host=gpu2', same)).toBe(false)
  })
})
