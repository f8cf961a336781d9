import { describe, expect, test } from 'bun:test'
import { logged } from '../../src/core/history.ts'
import { openStore } from '../../src/store/open.ts'
import { Host, isOnRedis } from '../helpers/host.ts'
import { aHolder, aManual } from '../helpers/pools.ts'
import { Running } from '../helpers/running.ts'
import { documentIn } from '../helpers/schema.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers, ownName } from '../helpers/users.ts'

/** The lines of `log` without their times, which must be ascending. */
async function log(host: Host, ...args: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await host.canhazgpu('log', ...args)
  expect([status, stderr]).toEqual([0, ''])
  const lines = stdout.split('\n').slice(0, -1)
  const times = lines.map(line => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /.exec(line)?.[0] ?? line)
  expect(times).toEqual(times.toSorted())
  return lines.map((line, place) => line.slice(times[place]?.length).replace(/ +/, ' '))
}

describe.skipIf(!canMakeUsers)('every ending is in the log and in the report', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  async function reported(host: Host, ...args: string[]) {
    return documentIn((await host.canhazgpu('report', '--json', ...args)).stdout) as {
      total: { runs: number; manual_reservations: number }
      rows: { holder: { user_name: string }; runs: number; manual_reservations: number }[]
    }
  }

  test('finished, reclaimed, released, expired, cleared; and what was refused, with its numbers', async () => {
    using host = await Host.withPool(3)
    await host.canhazgpuAs(alice.uid, 'run', '--note', 'quick', '--', 'true')
    await until(async () => (await log(host)).length === 3)

    await using running = await Running.start(host, { gpus: 2, uid: bob.uid })
    await running.killKeeper()
    await running.kill()

    await host.canhazgpuAs(alice.uid, 'reserve', '--gpus', '2')
    await host.canhazgpuAs(bob.uid, 'reserve', '--gpus', '2')
    await host.canhazgpuAs(alice.uid, 'release')
    await host.canhazgpuAs(bob.uid, 'reserve', '--duration', '1s', '--user', 'carol')
    await until(async () => (await log(host)).some(line => line.startsWith('expired')))
    await host.canhazgpuAs(bob.uid, 'reserve', '--gpus', '3', '--note', 'all')
    await host.canhazgpu('admin', '--gpus', '2', '--force')

    const carol = `carol (${bob.name})`
    expect(await log(host)).toEqual([
      `initialized ${ownName}: 3 GPUs`,
      `reserved ${alice.name}: GPU(s) [0] - quick`,
      `finished ${alice.name}: GPU(s) [0] - quick`,
      `reserved ${bob.name}: GPU(s) [1, 2]`,
      `reclaimed ${bob.name}: GPU(s) [1, 2] - its process is gone`,
      `reserved ${alice.name}: GPU(s) [0, 1]`,
      `refused ${bob.name}: Not enough GPUs available. Requested: 2, Available: 1 (2 GPUs reserved - run 'canhazgpu status' for details)`,
      `released ${alice.name}: GPU(s) [0, 1]`,
      `reserved ${carol}: GPU(s) [2]`,
      `expired ${carol}: GPU(s) [2]`,
      `reserved ${bob.name}: GPU(s) [0, 1, 2] - all`,
      `cleared ${bob.name}: GPU(s) [0, 1, 2] by ${ownName} - all`,
      `initialized ${ownName}: 2 GPUs`,
    ])
    const { total, rows } = await reported(host)
    expect(total).toMatchObject({ runs: 2, manual_reservations: 3 })
    const counts = rows.map(row => [row.holder.user_name, row.runs, row.manual_reservations])
    expect(counts.sort()).toEqual([
      [alice.name, 1, 1],
      [bob.name, 0, 1],
      [bob.name, 1, 1],
    ])
  })

  test('a crash and an expiry are told by the first who looks, whoever that is', async () => {
    using host = await Host.withPool(2)
    await using running = await Running.start(host, { uid: alice.uid })
    await running.killKeeper()
    await running.kill()
    const { stdout } = await host.canhazgpuAs(bob.uid, 'log', '-n', '1')
    expect(stdout).toEndWith(`reclaimed    ${alice.name}: GPU(s) [0] - its process is gone\n`)
    // Written down once, and not by each.
    expect((await log(host)).filter(line => line.startsWith('reclaimed'))).toHaveLength(1)
  })
})

describe('log', () => {
  test('tells of the line: queued, and left without having got anything', async () => {
    using host = await Host.withPool(1)
    await host.canhazgpu('reserve')
    await host.canhazgpu('reserve', '--wait', '0.1s', '--note', 'patient')
    expect((await log(host)).slice(2)).toEqual([
      `queued ${ownName}: patient`,
      `left line    ${ownName}: patient`,
    ])
  })

  test('shows the last 20 lines, or as many as asked', async () => {
    using host = await Host.withPool(1)
    for (let round = 0; round < 12; round++) await host.canhazgpu('reserve', '--gpus', '2')
    for (let round = 0; round < 12; round++) await host.canhazgpu('reserve', '--gpus', '3')
    const lines = await log(host)
    expect(lines).toHaveLength(20)
    expect([lines[0], lines.at(-1)].map(line => /Requested: \d/.exec(line ?? '')?.[0])).toEqual([
      'Requested: 2',
      'Requested: 3',
    ])
    expect(await log(host, '-n', '3')).toEqual(lines.slice(-3))
    expect(await log(host, '--lines', '100')).toHaveLength(25)
    expect(await log(host, '-n0')).toEqual([])
  })

  test('sends no control character of a note to the terminal, and gives it whole to programs', async () => {
    using host = await Host.withPool(1)
    const note = '\x1b[31m "red", \x9b1m\u202e\nreleased     root: GPU(s) [7]'
    // The options refuse such a note; whoever writes to the pool file directly does not ask them.
    const store = await openStore(host.storeUrl, 'write')
    const change = logged('reserved', aManual({ holder: { uid: 1, userName: ownName }, note }), Date.now())
    await store.update(() => ({ changes: [change], result: undefined }))
    store.close()
    expect((await log(host)).slice(1)).toEqual([
      String.raw`reserved ${ownName}: GPU(s) [0] - \x1b[31m "red", \x9b1m\u202e\x0areleased     root: GPU(s) [7]`,
    ])
    const { stdout } = await host.canhazgpu('log', '--json', '-n1')
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
    expect(documentIn(stdout)).toMatchObject({
      kind: 'event',
      event: 'reserved',
      gpu_ids: [0],
      note,
      by: null,
    })
  })

  test('is as documented for programs, line by line', async () => {
    using host = await Host.withPool(1)
    await host.canhazgpu('reserve', '--user', 'carol')
    await host.canhazgpu('release')
    const { stdout } = await host.canhazgpu('log', '--json')
    const events = stdout.split(/(?<=\n)/).map(documentIn)
    expect(events.map(({ event }) => event)).toEqual(['initialized', 'reserved', 'released'])
    expect(events[1]).toMatchObject({ alias: 'carol', holder: { uid: process.getuid?.() ?? 0 } })
    expect(events[2]?.reservation_id).toBe(events[1]?.reservation_id ?? '')
  })

  test.skipIf(isOnRedis)('is shown as it is where nothing can be written', async () => {
    using host = await Host.withPool(1)
    const store = await openStore(host.storeUrl, 'write')
    const over = aManual({ holder: aHolder(), reservedAt: 1, expiresAt: 2 })
    await store.update(() => ({ changes: [{ kind: 'add', reservation: over }], result: undefined }))
    store.close()
    const { stdout } = await host.shell(
      `unshare --mount sh -c 'mount --bind ${host.directory.path} ${host.directory.path} && mount -o remount,bind,ro ${host.directory.path} && "$C" log; echo "status $?"'`,
    )
    expect(stdout).toMatch(/initialized {2}[^\n]*: 1 GPUs\nstatus 0\n$/)
    expect((await log(host)).at(-1)).toBe('expired user1000: GPU(s) [0]')
  })
})
