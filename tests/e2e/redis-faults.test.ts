import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { CuttingProxy } from '../helpers/cutting-proxy.ts'
import { Host } from '../helpers/host.ts'
import { RedisServer } from '../helpers/redis-server.ts'
import { isFree, keepersOf, Running } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'

let server: RedisServer
beforeEach(async () => {
  server = await RedisServer.start()
})
afterEach(async () => {
  for (const waiter of waiters.splice(0)) {
    waiter.kill('SIGKILL')
    await waiter.exited
  }
  await server[Symbol.asyncDispose]()
})

const waiters: Bun.Subprocess[] = []

/** A request in the line of a host. */
async function queueUp(there: Host) {
  const waiter = there.start(['run', '--wait', '--', 'echo', 'begun'])
  waiters.push(waiter)
  await until(async () => (await there.canhazgpu('queue')).stdout.includes('run'))
  return waiter
}

const host = (gpus = 2): Promise<Host> => Host.withPool(gpus, server.url('gpu1'))

describe('while the server is down', () => {
  test.each([
    'status',
    'reserve',
    'release',
    'queue',
    'admin --gpus 2',
    'run -- touch ran',
    'reserve --wait 1m',
  ])('%s ends with one line, and nothing is granted', async words => {
    using there = await host()
    await server.kill()
    const { status, stdout, stderr } = await there.shell(`"$C" ${words}`, { cwd: there.directory.path })
    const shown = `redis+unix://${server.socket}?host=gpu1`
    expect([status, stdout, stderr]).toEqual([
      1,
      '',
      `Error: Cannot reach the store ${shown}: nobody answers there. Nothing was changed; check that the server runs, and its address\n`,
    ])
    expect(await Bun.file(`${there.directory.path}/ran`).exists()).toBe(false)
    await server.start()
    expect((await there.canhazgpu('admin', '--gpus', '2')).status).toBe(0)
    expect(await isFree(there)).toBe(true)
  })
})

describe('a server that dies in the middle of a run', () => {
  test('and keeps what it acknowledged: the command ends as it does, and its keeper releases when it can', async () => {
    await using durable = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always')
    using there = await Host.withPool(2, durable.url('gpu1'))
    const script = 'until [ -e go ]; do sleep 0.02; done; exit 7'
    const child = there.start(['run', '--', 'sh', '-c', script], { cwd: there.directory.path })
    await until(() => keepersOf(there, child.pid).length === 1)
    await durable.kill()
    await Bun.write(`${there.directory.path}/go`, '')
    expect(await child.exited).toBe(7)
    // It goes on trying, however often it fails.
    await Bun.sleep(500)
    expect(keepersOf(there, child.pid)).toHaveLength(1)
    await durable.start()
    await until(() => keepersOf(there).length === 0)
    expect(await there.reservationIds()).toEqual([])
    const { stdout } = await there.canhazgpu('log')
    expect(stdout).toMatch(/finished .*GPU\(s\) \[0\]\n$/)
  })

  test.each([
    ['is restarted empty', () => server.kill().then(() => server.start())],
    ['is flushed', () => server.cli('FLUSHALL')],
  ])('and %s: what runs is put back before anything is granted', async (_, lose) => {
    using there = await host(3)
    await using first = await Running.start(there, { gpus: 1 })
    await using second = await Running.start(there, { gpus: 1 })
    const before = await there.reservationIds()
    await lose()
    const refused = await there.canhazgpu('reserve')
    expect([refused.status, refused.stderr]).toEqual([
      1,
      expect.stringContaining('GPU pool is not initialized'),
    ])
    const made = await there.canhazgpu('admin', '--gpus', '3')
    expect(made.stdout).toBe(
      'Initialized 3 GPUs (IDs 0 to 2)\nPut back 2 running reservation(s) that the store had lost\n',
    )
    expect(await there.reservationIds()).toEqual(before)
    expect((await there.canhazgpu('reserve')).stdout).toContain('Reserved 1 GPU(s): [2]')
    // They end as they would have.
    await Promise.all([first.kill(), second.kill()])
    await until(() => keepersOf(there).length === 0)
    expect((await there.status()).filter(line => line.includes(': AVAILABLE'))).toHaveLength(2)
  })

  test('and is flushed before admin --force: what ran is cleared for good', async () => {
    using there = await host(1)
    await using _running = await Running.start(there)
    await server.cli('FLUSHALL')
    expect((await there.canhazgpu('admin', '--gpus', '1', '--force')).stdout).toBe(
      'Initialized 1 GPUs (IDs 0 to 0)\n',
    )
    expect(await there.reservationIds()).toEqual([])
  })
})

test('a keeper whose host was taken over by another machine ends with its command', async () => {
  using there = await host(1)
  await using running = await Running.start(there)
  const elsewhere = JSON.stringify({ id: 'f'.repeat(32), bootId: '0f0e0d0c-0000-4000-8000-000000000000' })
  await server.cli('HSET', 'canhazgpu:{gpu1}:pool', 'machine', elsewhere)
  await running.kill()
  await until(() => keepersOf(there).length === 0)
})

describe('a server that says nothing', () => {
  test.each(['status', 'reserve', 'run -- touch ran'])('is given up by %s', async words => {
    using proxy = new CuttingProxy(server.socket, () => 'silent')
    using there = new Host(1, proxy.url('gpu1'))
    const { status, stdout, stderr } = await there.shell(`"$C" ${words}`, { cwd: there.directory.path })
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^Error: Cannot reach the store \S+: no answer within 5s\. .*\n$/)
    expect(await Bun.file(`${there.directory.path}/ran`).exists()).toBe(false)
  })
})

describe('a connection that is cut in the middle of a command', () => {
  test.each(['to-server', 'to-client'] as const)('behind any piece %s does not show', async way => {
    for (let after = 0; after < 5; after++) {
      let isCut = false
      const cutOnce = () => {
        if (isCut) return null
        isCut = true
        return { way, after, of: 'pieces' } as const
      }
      using proxy = new CuttingProxy(server.socket, cutOnce)
      using there = new Host(2, proxy.url(`gpu-${way}-${after}`))
      const outcomes: [string, RegExp][] = [
        ['admin --gpus 2', /^Initialized 2 GPUs/],
        ['reserve', /^Reserved 1 GPU\(s\): \[0\]/],
        ['run -- printenv CUDA_VISIBLE_DEVICES', /^1\n$/],
        ['status', /^GPU 0: IN USE.*\nGPU 1: /],
        ['release', /^Released 1 GPU\(s\): \[0\]/],
      ]
      for (const [words, expected] of outcomes) {
        isCut = false
        const { status, stdout } = await there.canhazgpu(...words.split(' '))
        expect([after, words, status, stdout]).toEqual([after, words, 0, expect.stringMatching(expected)])
      }
      await until(() => keepersOf(there).length === 0)
      const direct = new Host(2, server.url(`gpu-${way}-${after}`))
      const { stdout } = await direct.canhazgpu('log', '-n', '20')
      direct[Symbol.dispose]()
      expect(stdout.split('\n').map(line => line.slice(20, 32).trim())).toEqual([
        'initialized',
        'reserved',
        'reserved',
        'finished',
        'released',
        '',
      ])
    }
  })
})

test.each([
  ['a moment', 0],
  ['longer than any command would wait', 4000],
])('a waiter starts when its turn comes, also after the server was away for %s', async (_, awayMs) => {
  await using durable = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always')
  using there = await Host.withPool(1, durable.url('gpu1'))
  await there.canhazgpu('reserve')
  const waiter = await queueUp(there)
  await durable.kill()
  await Bun.sleep(awayMs)
  await durable.start()
  await there.canhazgpu('release')
  expect(await waiter.stdout.text()).toBe('begun\n')
  await until(() => isFree(there))
})

test.each([
  ['is a replica for a while', 'REPLICAOF 127.0.0.1 1', 'REPLICAOF NO ONE', 'it is a read-only replica'],
  [
    'is full for a while',
    'CONFIG SET maxmemory 1',
    'CONFIG SET maxmemory 0',
    'its memory is full (maxmemory)',
  ],
])('a waiter keeps its place where the server %s', async (_, ail, recover, reason) => {
  using there = await host(1)
  await using running = await Running.start(there)
  const waiter = await queueUp(there)
  await server.cli(...ail.split(' '))
  await running.killKeeper()
  await running.kill()
  const told = { text: '' }
  const reading = (async () => {
    for await (const chunk of waiter.stderr) told.text += new TextDecoder().decode(chunk)
  })()
  await until(() => told.text.includes(`Waiting for 1 GPU(s): the store cannot be used: ${reason}\n`))
  await server.cli(...recover.split(' '))
  expect(await waiter.stdout.text()).toBe('begun\n')
  await until(() => isFree(there))
  await reading
})

describe('a server that comes back as it was some time ago', () => {
  /** Has it write its data to the disk now, as it does from time to time. */
  const saves = () => server.cli('SAVE')
  const restarts = () => server.kill().then(() => server.start())

  test('has what runs put back before anything is granted', async () => {
    using there = await host(2)
    await saves()
    await using _first = await Running.start(there)
    await using _second = await Running.start(there)
    const before = await there.reservationIds()
    await restarts()
    expect(await there.reservationIds()).toEqual([])
    const refused = await there.canhazgpu('reserve')
    expect([refused.status, refused.stderr]).toEqual([
      75,
      expect.stringContaining('Requested: 1, Available: 0 (2 GPUs reserved'),
    ])
    expect(await there.reservationIds()).toEqual(before)
    const { stdout } = await there.canhazgpu('log')
    expect(stdout.match(/put back after the store had lost it/g)).toHaveLength(2)
  })

  test('does not put back what an administrator had cleared by then', async () => {
    using there = await host(1)
    await using _running = await Running.start(there)
    await there.canhazgpu('admin', '--gpus', '1', '--force')
    await saves()
    await restarts()
    expect((await there.canhazgpu('reserve')).stdout).toContain('Reserved 1 GPU(s): [0]')
  })
})
