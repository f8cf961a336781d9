import { describe, expect, test } from 'bun:test'
import { Host } from '../helpers/host.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

describe.skipIf(!canMakeUsers)('release', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  test("gives back all of the user's own manual reservations, and nobody else's", async () => {
    using host = await Host.withPool(5)
    await host.canhazgpuAs(alice.uid, 'reserve', '--gpus', '2')
    await host.canhazgpuAs(bob.uid, 'reserve')
    await host.canhazgpuAs(alice.uid, 'reserve')
    expect(await host.canhazgpuAs(alice.uid, 'release')).toMatchObject({
      status: 0,
      stdout: 'Released 3 GPU(s): [0, 1, 3]\n',
      stderr: '',
    })
    const lines = await host.status()
    expect(lines.filter(line => line.includes('IN USE'))).toEqual([
      expect.stringContaining(`GPU 2: IN USE by ${bob.name} for `),
    ])
    expect(lines.filter(line => line.includes('last released')).length).toBe(3)
  })

  test('gives root its own only', async () => {
    using host = await Host.withPool(2)
    await host.canhazgpuAs(alice.uid, 'reserve')
    expect((await host.canhazgpu('release')).stdout).toBe(
      'No manually reserved GPUs found for current user\n',
    )
    expect((await host.status())[0]).toStartWith(`GPU 0: IN USE by ${alice.name} for `)
  })

  test('leaves a run of the same user alone', async () => {
    using host = await Host.withPool(2)
    const run = host.start(['run', '--', 'sh', '-c', 'echo started; exec sleep 600'], { uid: alice.uid })
    await run.stdout.getReader().read()
    await host.canhazgpuAs(alice.uid, 'reserve')
    expect((await host.canhazgpuAs(alice.uid, 'release')).stdout).toBe('Released 1 GPU(s): [1]\n')
    expect((await host.canhazgpuAs(alice.uid, 'release')).stdout).toBe(
      'No manually reserved GPUs found for current user\n',
    )
    expect((await host.status())[0]).toContain(`GPU 0: IN USE by ${alice.name} for 0h 0m `)
    run.kill('SIGKILL')
    await run.exited
    await until(async () => !(await host.status()).join().includes('IN USE'))
  })
})
