import { describe, expect, test } from 'bun:test'
import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { canhazgpu } from '../helpers/executable.ts'
import { Host, isOnRedis } from '../helpers/host.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

test('admin makes the pool', async () => {
  using host = new Host(8)
  expect(await host.canhazgpu('admin', '--gpus', '8')).toMatchObject({
    status: 0,
    stdout: 'Initialized 8 GPUs (IDs 0 to 7)\n',
    stderr: '',
  })
  expect(await host.status()).toEqual(Array.from({ length: 8 }, (_, i) => `GPU ${i}: AVAILABLE`))
})

test('admin makes a pool of the first GPUs when it is told fewer than there are', async () => {
  using host = new Host([{}, {}, { memoryUsed: 45 }])
  expect((await host.canhazgpu('admin', '--gpus', '2')).stdout).toBe('Initialized 2 GPUs (IDs 0 to 1)\n')
  expect(await host.status()).toEqual(['GPU 0: AVAILABLE', 'GPU 1: AVAILABLE'])
})

test('admin says the same with --force when there is no pool yet', async () => {
  using host = new Host(2)
  expect((await host.canhazgpu('admin', '--gpus', '2', '--force')).stdout).toBe(
    'Initialized 2 GPUs (IDs 0 to 1)\n',
  )
})

test('admin refuses a second time, with the present count and --force', async () => {
  using host = await Host.withPool(8)
  await host.canhazgpu('reserve', '--gpus', '3')
  const before = await host.status()
  expect(await host.canhazgpu('admin', '--gpus', '8')).toMatchObject({
    status: 1,
    stdout: '',
    stderr:
      'Error: GPU pool is already initialized with 8 GPUs. Use --force to reinitialize it, which clears all reservations (now 1)\n',
  })
  expect((await host.status()).length).toBe(before.length)
  expect((await host.status()).filter(line => line.includes('IN USE')).length).toBe(3)
})

test('admin clears every reservation with --force, and says how many', async () => {
  using host = await Host.withPool(4)
  await host.canhazgpu('reserve', '--gpus', '2')
  await host.canhazgpu('reserve')
  expect(await host.canhazgpu('admin', '--gpus', '4', '--force')).toMatchObject({
    status: 0,
    stdout: 'Cleared 2 reservation(s)\nReinitialized 4 GPUs (IDs 0 to 3)\n',
    stderr: '',
  })
  expect(await host.status()).toEqual([0, 1, 2, 3].map(i => `GPU ${i}: AVAILABLE`))
})

test('admin changes the count with --force', async () => {
  using host = await Host.withPool(4)
  expect((await host.canhazgpu('admin', '--gpus=2', '--force')).stdout).toEndWith(
    'Reinitialized 2 GPUs (IDs 0 to 1)\n',
  )
  expect((await host.status()).length).toBe(2)
})

test.each([[[]], [['--force']]])(
  'admin refuses more GPUs than there are, with both numbers %p',
  async force => {
    using host = new Host(4)
    expect(await host.canhazgpu('admin', '--gpus', '9', ...force)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'Error: 9 GPUs asked for, but nvidia-smi reports 4. Use: canhazgpu admin --gpus 4\n',
    })
    expect(existsSync(dirname(host.poolPath))).toBe(false)
  },
)

describe('admin --provider', () => {
  /** A place without nvidia-smi, whatever this machine has. */
  const bare = (host: Host) => ({ env: { ...host.env, PATH: '/nonexistent' } })

  test('is nvidia where nvidia-smi is on PATH', async () => {
    using host = await Host.withPool([{ memoryUsed: 45 }])
    expect(await host.status()).toEqual(['GPU 0: AVAILABLE [validated: 45MB used]'])
  })

  test('finds nothing without nvidia-smi, says so, and never chooses to simulate', async () => {
    using host = new Host()
    expect(await canhazgpu(['admin', '--gpus', '2'], bare(host))).toMatchObject({
      status: 1,
      stdout: '',
      stderr:
        'Error: No GPU tool found: nvidia-smi is not on PATH. Install the NVIDIA driver, or simulate idle GPUs with --provider fake\n',
    })
    expect(existsSync(dirname(host.poolPath))).toBe(false)
  })

  test('nvidia without nvidia-smi is refused', async () => {
    using host = new Host()
    const outcome = await canhazgpu(['admin', '--gpus', '2', '--provider', 'nvidia'], bare(host))
    expect(outcome).toMatchObject({ status: 1, stdout: '' })
    expect(outcome.stderr).toStartWith('Error: nvidia-smi was not found on PATH.')
    expect(existsSync(dirname(host.poolPath))).toBe(false)
  })

  test('amd answers that it is not built yet', async () => {
    using host = new Host(2)
    expect(await host.canhazgpu('admin', '--gpus', '2', '--provider', 'amd')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'Error: Provider amd is not built yet. Use --provider nvidia or --provider fake\n',
    })
  })

  test('fake simulates idle GPUs, says so, and needs no tool', async () => {
    using host = new Host()
    expect(await canhazgpu(['admin', '--gpus', '3', '--provider', 'fake'], bare(host))).toMatchObject({
      status: 0,
      stdout: 'Initialized 3 GPUs (IDs 0 to 2)\n',
      stderr: 'The GPUs are simulated (--provider fake)\n',
    })
    const { stdout, stderr } = await canhazgpu(['status'], bare(host))
    expect([stdout, stderr]).toEqual(['GPU 0: AVAILABLE\nGPU 1: AVAILABLE\nGPU 2: AVAILABLE\n', ''])
  })

  test('is one of the three, with an example that works', async () => {
    using host = new Host(2)
    expect(await host.canhazgpu('admin', '--gpus', '2', '--provider', 'intel')).toMatchObject({
      status: 2,
      stdout: '',
      stderr:
        'Error: Invalid value for --provider: "intel". Use nvidia, amd, fake, for example --provider nvidia\n',
    })
  })
})

test.each([
  ['failing', 'echo "NVIDIA-SMI has failed"; exit 9'],
  ['talking nonsense', 'echo oops; exit 0'],
])('admin makes no pool while nvidia-smi is %s', async (_name, lines) => {
  using host = new Host(2)
  host.nvidiaSmi.before(lines)
  const { status, stdout, stderr } = await host.canhazgpu('admin', '--gpus', '2')
  expect([status, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^Error: nvidia-smi .*\n$/)
  expect(existsSync(dirname(host.poolPath))).toBe(false)
})

test('admin is answered once when ten ask at the same time', async () => {
  using host = new Host(4)
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => host.canhazgpu('admin', '--gpus', '4')))
  expect(outcomes.filter(({ status }) => status === 0).length).toBe(1)
  for (const { status, stderr } of outcomes.filter(({ status }) => status !== 0)) {
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^Error: GPU pool is already initialized with 4 GPUs\. .*\n$/),
    ])
  }
})

describe.skipIf(!canMakeUsers || isOnRedis)('admin --force of another user', () => {
  const [alice] = makeUsers('alice')

  test('is refused, and nothing is cleared', async () => {
    using host = await Host.withPool(2)
    await host.canhazgpu('reserve')
    expect(await host.canhazgpuAs(alice.uid, 'admin', '--gpus', '2', '--force')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `Error: Only root may reinitialize the pool sqlite:${host.poolPath}. Use sudo, or ask them\n`,
    })
    expect((await host.status())[0]).toStartWith('GPU 0: IN USE by root for ')
  })
})

describe.skipIf(!canMakeUsers || isOnRedis)('admin in a directory that was there before', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  /** Makes a pool in a directory of this mode and owner. @returns what is said of it, and the directory */
  async function warnings(
    mode: number,
    owner: number,
    maker: number,
  ): Promise<{ said: string; path: string }> {
    using host = new Host(2)
    const path = dirname(host.poolPath)
    mkdirSync(path)
    chownSync(path, owner, owner)
    chmodSync(path, mode)
    const { status, stdout, stderr } = await host.canhazgpuAs(maker, 'admin', '--gpus', '2')
    expect([status, stdout]).toEqual([0, 'Initialized 2 GPUs (IDs 0 to 1)\n'])
    expect(statSync(path).mode & 0o7777).toBe(mode)
    return { said: stderr, path }
  }

  test('says nothing where it is as it should be', async () => {
    expect((await warnings(0o755, 0, 0)).said).toBe('')
    expect((await warnings(0o755, alice.uid, alice.uid)).said).toBe('')
  })

  test('says that others cannot use the pool, and what to do', async () => {
    const { said, path } = await warnings(0o700, 0, 0)
    expect(said).toBe(
      `Warning: ${path} has mode 0700, so only some can use the pool - sudo chmod 755 ${path}\n`,
    )
    const own = await warnings(0o700, alice.uid, alice.uid)
    expect(own.said).toBe(
      `Note: ${own.path} has mode 0700, so nobody else can use the pool - if others are to, make it in a directory of mode 755\n`,
    )
  })

  test('says that others may delete the pool, and what to do', async () => {
    const { said, path } = await warnings(0o777, 0, 0)
    expect(said).toBe(
      `Warning: others may write to ${path} (mode 0777), and so delete the pool or keep users from it - sudo chmod 755 ${path}\n`,
    )
    const bobs = await warnings(0o755, bob.uid, 0)
    expect(bobs.said).toBe(
      `Warning: ${bobs.path} belongs to ${bob.name}, who may delete the pool - sudo chown root ${bobs.path}, or move the pool\n`,
    )
  })

  test('says all of it in one line', async () => {
    const { said, path } = await warnings(0o707, bob.uid, 0)
    expect(said).toMatch(/^Warning: others may write to .*; .* belongs to .*\n$/)
    expect(said.split(path).length).toBeGreaterThan(3)
  })
})
