import { describe, expect, test } from 'bun:test'
import { chmodSync, copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { ChildProcess } from '../helpers/child-process.ts'
import { executable } from '../helpers/executable.ts'
import { Host, isOnRedis } from '../helpers/host.ts'
import { isFree, keepersOf, Running } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

describe.skipIf(!canMakeUsers)('a run of one user', () => {
  const [alice, bob] = makeUsers('alice', 'bob')
  const root = { name: 'root', uid: 0 }

  test.each([
    ['a user, for another user', alice, bob],
    ['root, for a user who may not even signal it', root, bob],
    ['a user, for root', alice, root],
  ])('is alive, is named, and cannot be released: %s', async (_name, holder, other) => {
    using host = await Host.withPool(1)
    await using running = await Running.start(host, { uid: holder.uid })
    const held = expect.stringMatching(new RegExp(`^GPU 0: IN USE by ${holder.name} for .* \\(run, `))
    const asOther = (...args: string[]) => host.canhazgpuAs(other.uid, ...args)

    expect((await asOther('status')).stdout.split('\n')).toEqual([held, ''])
    expect(await asOther('release')).toMatchObject({
      status: 0,
      stdout: 'No manually reserved GPUs found for current user\n',
    })
    expect(await asOther('reserve')).toMatchObject({ status: 75 })
    expect(await asOther('run', '--', 'true')).toMatchObject({ status: 75 })
    expect(await host.status()).toEqual([held])

    await running.killKeeper()
    await running.kill()
    expect(await asOther('reserve')).toMatchObject({ status: 0 })
  })

  test('is not released by its own user either', async () => {
    using host = await Host.withPool(1)
    await using _running = await Running.start(host, { uid: alice.uid })
    expect(await host.canhazgpuAs(alice.uid, 'release')).toMatchObject({
      stdout: expect.stringMatching(/^No manually/),
    })
    expect(await isFree(host)).toBe(false)
  })

  test('is alive as long as a command that has become root: sudo, su', async () => {
    using host = await Host.withPool(1)
    const sudo = join(host.directory.path, 'sudo')
    copyFileSync('/usr/bin/setpriv', sudo)
    chmodSync(sudo, 0o4755)
    await using command = new ChildProcess(
      [executable(), 'run', '--', sudo, '--reuid=0', 'sh', '-c', 'id -u; exec sleep 600'],
      { uid: alice.uid, env: host.env },
    )
    expect(await command.firstLine()).toBe('0')
    expect(await host.shell(`kill -0 ${command.pid} 2>/dev/null`, { uid: alice.uid })).toMatchObject({
      status: 1,
    })
    for (const uid of [alice, bob].map(user => user.uid))
      expect(await host.canhazgpuAs(uid, 'reserve')).toMatchObject({ status: 75 })
    await command.kill()
    await until(async () => (await host.reservationIds())?.length === 0)
  })

  test.skipIf(isOnRedis)(
    'is reclaimed by others when its keeper may not write to the pool at its end',
    async () => {
      using host = await Host.withPool(1)
      await using running = await Running.start(host, { uid: alice.uid })
      const files = ['', '-wal', '-shm', '-lock'].map(end => `${host.poolPath}${end}`)
      for (const file of files) chmodSync(file, 0o444)
      await running.kill()
      // What a user may read shows the truth, and who may write takes the GPU.
      expect((await host.canhazgpuAs(bob.uid, 'status')).stdout).toStartWith('GPU 0: AVAILABLE')
      expect((await host.canhazgpu('reserve')).status).toBe(0)
      for (const file of files) chmodSync(file, 0o666)
      // The keeper tries again, and finds another's reservation, which is none of its business.
      await until(() => keepersOf(host).length === 0)
      expect(await host.status()).toEqual([expect.stringContaining('IN USE by root')])
    },
  )
})
