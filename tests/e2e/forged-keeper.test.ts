import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatKeeperOrders, type KeeperOrders } from '../../src/process/start-keeper.ts'
import { openStore } from '../../src/store/open.ts'
import { ChildProcess, identityOf } from '../helpers/child-process.ts'
import { Host } from '../helpers/host.ts'
import { aRun } from '../helpers/pools.ts'
import { RedisServer } from '../helpers/redis-server.ts'
import { commandLine, Running } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

describe.skipIf(!canMakeUsers)('what looks like a keeper after a loss', () => {
  const [alice] = makeUsers('alice')

  /** Starts a shell script that is called `keeper`, with orders behind it, and makes the pool anew. */
  async function putBackFor(uid: number, alter: (words: string[]) => string[], gpusOfARun = 0) {
    await using server = await RedisServer.start()
    using host = new Host(4, server.url('gpu1'))
    await using stack = new AsyncDisposableStack()
    if (gpusOfARun > 0) {
      await host.canhazgpu('admin', '--gpus', '4')
      stack.use(await Running.start(host, { gpus: gpusOfARun }))
      await server.cli('FLUSHALL')
    }
    const script = join(host.directory.path, 'keeper')
    // It waits for ever, and without a child that would live on.
    Bun.spawnSync(['mkfifo', '-m', '666', join(host.directory.path, 'never')])
    writeFileSync(script, 'read line <never\n', { mode: 0o755 })
    await using job = new ChildProcess(['sleep', '600'])
    const claim = aRun({ id: 'claimed', gpus: [1], holder: { uid: 0, userName: 'root' }, note: 'theirs' })
    const orders: KeeperOrders = {
      storeUrl: host.storeUrl,
      storeEnvironment: {},
      memoryThresholdMiB: 100,
      probeTimeoutMs: 1000,
      idleReleaseMs: null,
      reservationId: 'claimed',
      gpus: [1],
      task: { type: 'run', processes: [identityOf(job.pid)], killAfterMs: null, claim },
    }
    await using forger = new ChildProcess(
      [
        'sh',
        '-c',
        `cd ${host.directory.path}; exec sh keeper "$@"`,
        'sh',
        ...alter(formatKeeperOrders(orders)),
      ],
      { uid },
    )
    await until(() => commandLine(forger.pid)[1] === 'keeper')
    const { status } = await host.canhazgpu('admin', '--gpus', '4')
    const store = await openStore(host.storeUrl, 'read')
    const pool = await store.read().finally(() => store.close())
    return { status, reservations: pool?.reservations ?? [] }
  }

  test('claims for nobody but its own user', async () => {
    const { status, reservations } = await putBackFor(alice.uid, words => words)
    expect(status).toBe(0)
    expect(reservations).toMatchObject([
      { id: 'claimed', gpus: [1], holder: { uid: alice.uid, userName: alice.name }, note: 'theirs' },
    ])
  })

  test('takes nothing from a keeper that was there before, whatever it says of the time', async () => {
    const earlier = (word: string) => word.replace(/"reservedAt":\d+/, '"reservedAt":1')
    const { reservations } = await putBackFor(alice.uid, words => words.map(earlier), 2)
    expect(reservations).toMatchObject([{ gpus: [0, 1], holder: { uid: 0 } }])
  })

  test('claims for anybody when it is root’s', async () => {
    const { reservations } = await putBackFor(0, words => words)
    expect(reservations).toMatchObject([{ holder: { uid: 0, userName: 'root' } }])
  })

  test.each<[string, (word: string) => string | null]>([
    ['a claim that is no JSON', word => (word.startsWith('claim=') ? 'claim={' : word)],
    ['a claim of something else', word => (word.startsWith('claim=') ? 'claim=[7]' : word)],
    ['no claim', word => (word.startsWith('claim=') ? null : word)],
    ['GPUs that are none', word => (word.startsWith('gpus=') ? 'gpus=x,1' : word)],
    ['the same GPU twice', word => (word.startsWith('gpus=') ? 'gpus=1,1' : word)],
    ['a GPU that is not there', word => (word.startsWith('gpus=') ? 'gpus=9' : word)],
    ['a process that does not run', word => (word.startsWith('start-ticks=') ? 'start-ticks=1' : word)],
    ['another host', word => (word.startsWith('store=') ? word.replace('gpu1', 'gpu2') : word)],
    ['another store', word => (word.startsWith('store=') ? 'store=sqlite:/var/lib/canhazgpu/pool.db' : word)],
    ['no store', word => (word.startsWith('store=') ? 'store=redis:x' : word)],
  ])('is left out with %s', async (_, alter) => {
    const { status, reservations } = await putBackFor(alice.uid, words =>
      words.flatMap(word => alter(word) ?? []),
    )
    expect([status, reservations]).toEqual([0, []])
  })
})
