import { describe, expect, test } from 'bun:test'
import { openStore } from '../../src/store/open.ts'
import { canhazgpu } from '../helpers/executable.ts'
import { Host, isOnRedis } from '../helpers/host.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers, ownName } from '../helpers/users.ts'

/** The acts of administrators, as the log keeps them. */
async function acts(host: Host): Promise<string[]> {
  const store = await openStore(host.storeUrl, 'read')
  const events = await store.events({ after: 0, limit: 100 })
  store.close()
  return events
    .map(({ event }) => event)
    .filter(({ kind }) => /initialized|resized|drained/.test(kind))
    .map(({ kind, holder, gpus, note }) => [kind, holder.userName, gpus.join(','), note].join(' '))
}

/** How many requests wait. */
async function waiting(host: Host): Promise<number> {
  const { stdout } = await host.canhazgpu('queue')
  return stdout.split('\n').filter(line => /^\d+\. /.test(line)).length
}

describe('admin with another number of GPUs', () => {
  test('grows the pool in place, as far as nvidia-smi reports GPUs', async () => {
    using host = new Host(6)
    await host.canhazgpu('admin', '--gpus', '2')
    await host.canhazgpu('reserve', '--gpus', '2')
    expect(await host.canhazgpu('admin', '--gpus', '6')).toMatchObject({
      status: 0,
      stdout: 'Resized from 2 to 6 GPUs (IDs 0 to 5)\n',
      stderr: '',
    })
    expect((await host.status()).map(line => line.replace(/ by .*/, ''))).toEqual([
      'GPU 0: IN USE',
      'GPU 1: IN USE',
      ...[2, 3, 4, 5].map(index => `GPU ${index}: AVAILABLE`),
    ])
    expect(await host.canhazgpu('admin', '--gpus', '7')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'Error: 7 GPUs asked for, but nvidia-smi reports 6. Use: canhazgpu admin --gpus 6\n',
    })
    expect(await acts(host)).toEqual([
      `initialized ${ownName}  2 GPUs`,
      `resized ${ownName} 2,3,4,5 from 2 to 6 GPUs`,
    ])
  })

  test('refuses to shrink below what somebody holds, whose command goes on, and shrinks when it has ended', async () => {
    using host = await Host.withPool(4)
    const job = host.start(['run', '-G', '1,3', '--', 'sh', '-c', 'echo; exec sleep 600'])
    await job.stdout.getReader().read()
    expect(await host.canhazgpu('admin', '--gpus', '2')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `Error: Cannot shrink the pool to 2 GPUs: GPU 3 is reserved by ${ownName}. Keep what goes away from being handed out again with 'canhazgpu admin --drain 3', and shrink when it is free\n`,
    })
    expect((await host.status()).length).toBe(4)
    job.kill('SIGKILL')
    await job.exited
    expect((await host.canhazgpu('admin', '--gpus', '2')).stdout).toBe(
      'Resized from 4 to 2 GPUs (IDs 0 to 1)\n',
    )
    expect((await host.status()).length).toBe(2)
  })

  test('shrinks while nvidia-smi fails, and does not grow', async () => {
    using host = await Host.withPool(4)
    host.nvidiaSmi.before('echo "GPU is lost"; exit 15')
    expect((await host.canhazgpu('admin', '--gpus', '3')).stdout).toBe(
      'Resized from 4 to 3 GPUs (IDs 0 to 2)\n',
    )
    const { status, stderr } = await host.canhazgpu('admin', '--gpus', '4')
    expect(status).toBe(1)
    expect(stderr).toStartWith('Error: nvidia-smi failed (exit status 15): GPU is lost.')
  })

  test('knows a simulated pool as one, and changes its provider only by force', async () => {
    using host = new Host()
    const env = { ...host.env, PATH: '/usr/bin:/bin' }
    const admin = (...args: string[]) => canhazgpu(['admin', ...args], { env })
    await admin('--gpus', '2', '--provider', 'fake')
    expect(await admin('--gpus', '4')).toMatchObject({
      stdout: 'Resized from 2 to 4 GPUs (IDs 0 to 3)\n',
      stderr: '',
    })
    host.nvidiaSmi.idle(8)
    const changed = await host.canhazgpu('admin', '--gpus', '8', '--provider', 'nvidia')
    expect([changed.status, changed.stderr]).toEqual([
      1,
      expect.stringContaining('already initialized with 4 GPUs. Use --force'),
    ])
  })

  test('wakes who waits: a grown pool lets them start, and a shrunken one refuses them with the true numbers', async () => {
    using host = new Host()
    await host.canhazgpu('admin', '--gpus', '2', '--provider', 'fake')
    await host.canhazgpu('reserve')
    const pair = host.start(['run', '--gpus', '2', '--wait', '--', 'echo', 'started'])
    await until(async () => (await waiting(host)) === 1)
    await host.canhazgpu('admin', '--gpus', '3')
    expect([await pair.exited, await pair.stdout.text()]).toEqual([0, 'started\n'])

    const three = host.start(['run', '--gpus', '3', '--wait', '--', 'true'])
    await until(async () => (await waiting(host)) === 1)
    const last = host.start(['reserve', '--gpu-ids', '0,2', '--wait'])
    await until(async () => (await waiting(host)) === 2)
    expect((await host.canhazgpu('admin', '--gpus', '2')).stderr).toBe(
      '2 waiting request(s) ask for more than that, and are refused now\n',
    )
    expect([await three.exited, await last.exited]).toEqual([1, 1])
    expect(await three.stderr.text()).toEndWith(
      'Error: Not enough GPUs available. Requested: 3, Available: 1 (the pool has 2 GPUs, 1 GPUs reserved - ask for at most 2)\n',
    )
    expect(await last.stderr.text()).toEndWith('Error: GPU 2 is not in the pool. Use IDs 0 to 1\n')
    expect((await host.canhazgpu('queue')).stdout).toBe('Nobody is waiting\n')
  })
})

describe('admin --drain', () => {
  test('keeps GPUs from being handed out until --undrain, and says to whom it matters why', async () => {
    using host = await Host.withPool(3)
    expect(await host.canhazgpu('admin', '--drain', '0-1', '--note', 'broken')).toMatchObject({
      status: 0,
      stdout: 'Drained 2 GPU(s): [0, 1]\n',
      stderr: '',
    })
    expect((await host.status()).map(line => line.replace(/\d+h \d+m \d+s/, 'a while'))).toEqual([
      `GPU 0: DRAINED by ${ownName} for a while (broken)`,
      `GPU 1: DRAINED by ${ownName} for a while (broken)`,
      'GPU 2: AVAILABLE',
    ])
    expect((await host.canhazgpu('run', '--gpus', '2', '--', 'true')).stderr).toBe(
      "Error: Not enough GPUs available. Requested: 2, Available: 1 (2 GPUs drained - run 'canhazgpu status' for details)\n",
    )
    expect((await host.canhazgpu('reserve', '-G', '1')).stderr).toContain('GPU 1 is drained (broken)')
    expect((await host.canhazgpu('admin', '--undrain', '0', '--drain', '1')).stdout).toBe(
      'Drained already: [1]\nUndrained 1 GPU(s): [0]\n',
    )
    expect((await host.canhazgpu('run', '--gpus', '2', '--', 'true')).status).toBe(0)
    expect(await acts(host)).toEqual([
      `initialized ${ownName}  3 GPUs`,
      `drained ${ownName} 0,1 broken`,
      `undrained ${ownName} 0 `,
    ])
  })

  test('leaves a GPU with its holder, and hands it to nobody after', async () => {
    using host = await Host.withPool(1)
    const job = host.start(['run', '--', 'sh', '-c', 'echo; exec sleep 600'])
    await job.stdout.getReader().read()
    expect(await host.canhazgpu('admin', '--drain', '0')).toMatchObject({
      stdout: 'Drained 1 GPU(s): [0]\n',
      stderr: `GPU(s) [0] stay reserved by ${ownName} (run) until that ends\n`,
    })
    expect((await host.status())[0]).toStartWith(`GPU 0: IN USE by ${ownName} for `)
    const next = host.start(['run', '--wait', '--', 'echo', 'started'])
    await until(async () => (await waiting(host)) === 1)
    job.kill('SIGKILL')
    await job.exited
    await until(async () => (await host.status())[0]?.startsWith('GPU 0: DRAINED') ?? false)
    expect((await host.canhazgpu('queue')).stdout).toContain('1 of 1 missing, 1 drained')
    await host.canhazgpu('admin', '--undrain', '0')
    expect([await next.exited, await next.stdout.text()]).toEqual([0, 'started\n'])
  })

  test('works while nvidia-smi fails, which may be the reason for it', async () => {
    using host = await Host.withPool(2)
    host.nvidiaSmi.before('exit 15')
    expect((await host.canhazgpu('admin', '--drain', '1')).stdout).toBe('Drained 1 GPU(s): [1]\n')
  })

  test('goes together with --gpus: a host is set up in one step', async () => {
    using host = new Host(4)
    const setUp = ['admin', '--gpus', '4', '--drain', '3']
    expect((await host.canhazgpu(...setUp)).stdout).toBe(
      'Initialized 4 GPUs (IDs 0 to 3)\nDrained 1 GPU(s): [3]\n',
    )
    expect(await host.canhazgpu(...setUp)).toMatchObject({ status: 0, stdout: 'Drained already: [3]\n' })
  })

  test.each([
    [[], 2, 'Missing option --gpus, for example --gpus 8'],
    [['--force'], 2, 'Missing option --gpus, for example --gpus 8'],
    [
      ['--gpus', '2', '--note', 'broken'],
      2,
      '--note says why GPUs are drained. Use it with --drain, for example canhazgpu admin --drain 3 --note broken',
    ],
    [['--drain', '0-2', '--undrain', '1'], 2, 'GPU 1 is in both --drain and --undrain. Use one of the two'],
    [['--drain', '2'], 1, 'GPU 2 is not in the pool. Use IDs 0 to 1'],
    [
      ['--drain', 'all'],
      2,
      'Invalid value for --drain: "all". Use GPU IDs with commas, or ranges of them, for example canhazgpu admin --drain 3',
    ],
  ])('admin %j is refused, and nothing is changed', async (args, exitStatus, message) => {
    using host = await Host.withPool(2)
    const { status, stdout, stderr } = await host.canhazgpu('admin', ...args)
    expect([status, stdout, stderr]).toEqual([exitStatus, '', `Error: ${message}\n`])
    expect(await host.status()).toEqual(['GPU 0: AVAILABLE', 'GPU 1: AVAILABLE'])
  })

  test('without a pool is refused as every command is', async () => {
    using host = new Host(2)
    expect((await host.canhazgpu('admin', '--drain', '0')).stderr).toBe(
      `Error: GPU pool is not initialized. Ask an administrator to run: canhazgpu admin --gpus 2 --store ${host.storeWord}\n`,
    )
  })
})

describe.skipIf(!canMakeUsers || isOnRedis)('a user who did not make the pool', () => {
  const [alice] = makeUsers('alice')

  test.each([
    ['resize', ['--gpus', '3']],
    ['resize', ['--gpus', '1']],
    ['drain GPUs of', ['--drain', '0']],
    ['undrain GPUs of', ['--undrain', '0']],
  ])('may not %s it', async (act, args) => {
    using host = new Host(3)
    await host.canhazgpu('admin', '--gpus', '2')
    expect(await host.canhazgpuAs(alice.uid, 'admin', ...args)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `Error: Only root may ${act} the pool sqlite:${host.poolPath}. Use sudo, or ask them\n`,
    })
    expect(await host.status()).toEqual(['GPU 0: AVAILABLE', 'GPU 1: AVAILABLE'])
  })
})
