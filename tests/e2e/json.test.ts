import { afterAll, describe, expect, test } from 'bun:test'
import { outcome } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { endedProcess, idleProcesses } from '../helpers/idle-processes.ts'
import { documentIn } from '../helpers/schema.ts'
import { until } from '../helpers/until.ts'
import { ownName } from '../helpers/users.ts'

const idleProcess = idleProcesses()
const started: ReturnType<Host['start']>[] = []
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  await Promise.all(started.map(child => child.exited))
})

/** What a command prints with `--json`, held to the schema. */
async function json(host: Host, ...args: string[]): Promise<Record<string, unknown>> {
  const { status, stdout, stderr } = await host.canhazgpu(...args, '--json')
  expect([status, stderr]).toEqual([0, ''])
  return documentIn(stdout)
}

/** Starts something that holds or waits. */
function start(host: Host, ...args: string[]) {
  const child = host.start(args)
  started.push(child)
  return child
}

async function startJob(host: Host, ...options: string[]) {
  const job = start(host, 'run', ...options, '--', 'sh', '-c', 'echo; exec sleep 600')
  await job.stdout.getReader().read()
  return job
}

describe('status --json', () => {
  test('shows a pool in which everything happens', async () => {
    const [python, gone] = [idleProcess(), await endedProcess()]
    using host = await Host.withPool(6)
    const job = await startJob(host, '--timeout', '2h', '--note', 'über "x"', '--user', 'carol')
    await host.canhazgpu('reserve', '--duration', '4h')
    await host.canhazgpu('run', '--', 'true')
    await until(async () => !(await host.status())[2]?.includes('(run,'))
    start(host, 'reserve', '--gpus', '6', '--wait')
    await until(async () => (await host.canhazgpu('status', '--summary')).stdout.includes('1 waiting'))
    host.nvidiaSmi.show([
      { memoryUsed: 8452, utilization: 97, temperature: 61, apps: [{ pid: job.pid, memory: 8440 }] },
      { memoryUsed: 45, name: '[N/A]', memoryTotal: '[N/A]', utilization: '[N/A]', temperature: '[N/A]' },
      {},
      {
        memoryUsed: '[N/A]',
        apps: [
          { pid: python, memory: '[N/A]', name: 'a, b\x9b' },
          { pid: gone, memory: 7 },
        ],
      },
      { uuid: '[Unknown Error]', memoryUsed: '[Unknown Error]' },
    ])
    const document = await json(host, 'status')
    expect(document).toMatchObject({
      version: 1,
      kind: 'status',
      provider: 'nvidia',
      is_validated: true,
      memory_threshold_mib: 100,
      summary: {
        gpus: 6,
        free: 1,
        reserved: 2,
        drained: 0,
        in_use_without_reservation: 1,
        not_validated: 2,
        waiting: 1,
      },
    })
    const nobody = { reservation: null, drain: null, unused_since: null, processes: null }
    expect(document.gpus).toMatchObject([
      {
        index: 0,
        state: 'reserved',
        validation: 'in_use',
        reservation: {
          type: 'run',
          holder: { uid: process.getuid?.(), user_name: ownName },
          alias: 'carol',
          note: 'über "x"',
          gpu_ids: [0],
          waited_seconds: 0,
          duration_seconds: 7230,
          pids: [expect.any(Number)],
        },
        name: 'NVIDIA H100 80GB HBM3',
        memory_total_mib: 81559,
        memory_used_mib: 8452,
        utilization_percent: 97,
        temperature_celsius: 61,
        processes: [{ pid: job.pid, user_name: ownName, name: '/usr/bin/python3', memory_used_mib: 8440 }],
      },
      {
        index: 1,
        state: 'reserved',
        validation: 'idle',
        reservation: { type: 'manual', gpu_ids: [1], duration_seconds: 14400, heartbeat_at: null, pids: [] },
        name: null,
        memory_total_mib: null,
        memory_used_mib: 45,
        utilization_percent: null,
        temperature_celsius: null,
        processes: [],
      },
      {
        index: 2,
        state: 'available',
        validation: 'idle',
        last_released_at: expect.any(String),
        reservation: null,
      },
      {
        index: 3,
        state: 'in_use_without_reservation',
        validation: 'in_use',
        memory_used_mib: 7,
        processes: [
          { pid: python, user_name: ownName, name: 'a, b\x9b', memory_used_mib: null },
          { pid: gone, user_name: null, memory_used_mib: 7 },
        ],
      },
      { index: 4, state: 'unknown', validation: 'not_reported', ...nobody },
      { index: 5, state: 'unknown', validation: 'not_reported', ...nobody },
    ])
  })

  test('shows what an administrator keeps from being handed out, and what was adopted', async () => {
    const [mine, intruder] = [idleProcess(), idleProcess()]
    using host = await Host.withPool([
      { memoryUsed: 900, apps: [{ pid: mine }] },
      {},
      { memoryUsed: 900, apps: [{ pid: intruder }] },
    ])
    expect(await json(host, 'reserve', '--pid', String(mine))).toMatchObject({
      reservation: { type: 'run', gpu_ids: [0], ends_at: null, duration_seconds: null, pids: [mine] },
    })
    await host.canhazgpu('admin', '--drain', '1,2', '--note', 'fan')
    const drain = { at: expect.any(String), by: { uid: process.getuid?.() }, note: 'fan' }
    expect(await json(host, 'status')).toMatchObject({
      summary: { free: 0, reserved: 1, drained: 1, in_use_without_reservation: 1 },
      gpus: [
        { state: 'reserved', validation: 'in_use', drain: null, reservation: { pids: [mine] } },
        { state: 'drained', validation: 'idle', drain },
        { state: 'in_use_without_reservation', drain },
      ],
    })
  })

  test('shows simulated GPUs, of which nothing more is known', async () => {
    using host = new Host()
    await host.canhazgpu('admin', '--gpus', '1', '--provider', 'fake')
    expect(await json(host, 'status')).toMatchObject({
      provider: 'fake',
      gpus: [{ state: 'available', name: null, memory_used_mib: 0 }],
    })
  })

  test('shows what is known when the tool fails; the warning stays on stderr', async () => {
    using host = await Host.withPool(2)
    await host.canhazgpu('reserve')
    host.nvidiaSmi.before('echo broken; exit 9')
    const { status, stdout, stderr } = await host.canhazgpu('status', '--json')
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/^Warning: nvidia-smi failed \(exit status 9\): broken\. .*\n$/),
    ])
    expect(documentIn(stdout)).toMatchObject({
      is_validated: false,
      summary: { free: 0, reserved: 1, not_validated: 1 },
      gpus: [
        { state: 'reserved', validation: 'not_validated' },
        { state: 'unknown', validation: 'not_validated', memory_used_mib: null, processes: null },
      ],
    })
  })
})

describe('queue --json', () => {
  test('is an empty list where nobody waits', async () => {
    using host = await Host.withPool(1)
    expect(await json(host, 'queue')).toMatchObject({ kind: 'queue', requests: [] })
  })

  test('shows who waits for what, and who has it', async () => {
    using host = await Host.withPool([{}, {}, { memoryUsed: 900 }])
    await host.canhazgpu('reserve', '--gpus', '2', '--duration', '1h')
    const waits = (count: number) =>
      until(async () => ((await json(host, 'queue')).requests as unknown[]).length === count)
    start(host, 'reserve', '--gpu-ids', '0-2', '--duration', '30m', '--note', 'big', '--wait')
    await waits(1)
    const run = start(host, 'run', '--policy', 'pack', '--user', 'dave', '--wait', '--', 'true')
    await waits(2)
    expect((await json(host, 'queue')).requests).toMatchObject([
      {
        position: 1,
        type: 'manual',
        note: 'big',
        wanted: { count: 3, gpu_ids: [0, 1, 2], policy: 'lru' },
        duration_seconds: 1800,
        is_stopped: false,
        missing: 3,
        held_by: [{ type: 'manual', gpu_ids: [0, 1] }],
        in_use_or_not_validated: 1,
        earliest_end_at: expect.any(String),
      },
      {
        position: 2,
        type: 'run',
        alias: 'dave',
        pid: run.pid,
        wanted: { count: 1, gpu_ids: null, policy: 'pack' },
        duration_seconds: null,
      },
    ])
  })
})

describe('reserve --json and release --json', () => {
  test('tell what came of it', async () => {
    using host = await Host.withPool(3)
    const before = Date.now()
    const { reservation, environment } = await json(
      host,
      'reserve',
      '-g',
      '2',
      '--duration',
      '1h30m',
      '-n',
      'x',
    )
    expect(environment).toEqual({ CUDA_DEVICE_ORDER: 'PCI_BUS_ID', CUDA_VISIBLE_DEVICES: '0,1' })
    expect(reservation).toMatchObject({
      type: 'manual',
      holder: { uid: process.getuid?.(), user_name: ownName },
      note: 'x',
      gpu_ids: [0, 1],
      waited_seconds: 0,
      duration_seconds: 5400,
    })
    const { reserved_at: reservedAt, ends_at: endsAt } = reservation as {
      reserved_at: string
      ends_at: string
    }
    expect(Date.parse(reservedAt)).toBeWithin(before, Date.now() + 1)
    expect(Date.parse(endsAt) - Date.parse(reservedAt)).toBe(5_400_000)
    expect(await json(host, 'release')).toEqual({ version: 1, kind: 'release', gpu_ids: [0, 1] })
    expect(await json(host, 'release')).toEqual({ version: 1, kind: 'release', gpu_ids: [] })
  })

  test('tell it also after a wait, of which stdout has nothing', async () => {
    using host = await Host.withPool(1)
    await host.canhazgpu('reserve')
    const waiter = start(host, 'reserve', '--wait', '--json')
    await until(async () => (await host.canhazgpu('status', '--summary')).stdout.includes('1 waiting'))
    await host.canhazgpu('release')
    const { stdout, stderr } = await outcome(waiter)
    const { reservation } = documentIn(stdout) as { reservation: { waited_seconds: number } }
    expect(reservation.waited_seconds).toBeGreaterThan(0)
    expect(stderr).toStartWith('Waiting for 1 GPU(s): position 1')
  })
})

describe('report --json and log --json', () => {
  test('tell what has been', async () => {
    using host = await Host.withPool(2)
    await host.canhazgpu('reserve', '--note', 'x', '--user', 'carol')
    await host.canhazgpu('release')
    await host.canhazgpu('run', '--gpus', '3', '--', 'true')
    for (const by of ['user', 'gpu', 'day'])
      expect(await json(host, 'report', '--by', by)).toMatchObject({
        kind: 'report',
        by,
        total: { share: 1 },
      })
    const { stdout } = await host.canhazgpu('log', '--json')
    const events = stdout.split(/^/m).map(documentIn)
    expect(events.map(({ event }) => event)).toEqual(['initialized', 'reserved', 'released', 'refused'])
  })
})

describe('an error with --json', () => {
  test.each([
    [
      'reserve',
      ['--gpus', '9'],
      1,
      'Error: Not enough GPUs available. Requested: 9, Available: 1 (the pool has 1 GPUs',
    ],
    ['reserve', ['--gpus', 'x'], 2, 'Error: Invalid value for --gpus'],
    ['status', ['--json=yes'], 2, 'Error: Option --json takes no value'],
    ['status', ['--store', 'sqlite:/nonexistent/pool.db'], 1, 'Error: GPU pool is not initialized'],
    ['queue', ['--store', 'sqlite:/nonexistent/pool.db'], 1, 'Error: GPU pool is not initialized'],
    ['release', ['--store', 'sqlite:/nonexistent/pool.db'], 1, 'Error: GPU pool is not initialized'],
  ])('of %s %j stays what it is, on stderr', async (command, args, exitStatus, message) => {
    using host = await Host.withPool(1)
    const { status, stdout, stderr } = await host.canhazgpu(command, '--json', ...args)
    expect([status, stdout]).toEqual([exitStatus, ''])
    expect(stderr).toStartWith(message)
  })

  test('of two forms at once names both', async () => {
    using host = new Host()
    expect(await host.canhazgpu('status', '--json', '--summary')).toMatchObject({
      status: 2,
      stdout: '',
      stderr:
        'Error: --json and --summary do not go together: both say what is printed. Use one of the two\n',
    })
  })
})
