import { describe, expect, test } from 'bun:test'
import type { FakeGpu } from '../helpers/fake-nvidia-smi.ts'
import { Host } from '../helpers/host.ts'
import { idleProcesses } from '../helpers/idle-processes.ts'

const idleProcess = idleProcesses()
const pid = idleProcess()

const UNKNOWN: [name: string, FakeGpu][] = [
  ['cannot be read', { memoryUsed: '[Unknown Error]' }],
  ['is lost', { uuid: '[GPU is lost]', memoryUsed: '[GPU is lost]' }],
  ['does not tell its processes', { apps: [{ pid: '[Insufficient Permissions]' }] }],
]
const IN_USE: [name: string, FakeGpu][] = [
  ['has a process and no memory used', { memoryUsed: 0, apps: [{ pid, memory: 0 }] }],
  ['has a process and does not tell its memory', { memoryUsed: '[N/A]', apps: [{ pid, memory: '[N/A]' }] }],
  ['has a process that is gone', { apps: [{ pid: 4_194_303 }] }],
  ['has memory used above the threshold and no process', { memoryUsed: 101 }],
]
const REQUESTS: [name: string, (count: number) => string[]][] = [
  ['reserve', count => ['reserve', '--gpus', String(count)]],
  ['run', count => ['run', '--gpus', String(count), '--', 'echo', 'it runs']],
]

describe.each(REQUESTS)('%s', (_command, request) => {
  test.each(UNKNOWN)('does not hand out a GPU that %s', async (_name, gpu) => {
    using host = await Host.withPool(2)
    host.nvidiaSmi.show([gpu, {}])
    expect(await host.canhazgpu(...request(2))).toMatchObject({
      status: 75,
      stdout: '',
      stderr:
        "Error: Not enough GPUs available. Requested: 2, Available: 1 (1 GPUs not validated - run 'canhazgpu status' for details)\n",
    })
  })

  test('does not hand out GPUs that have no row', async () => {
    using host = await Host.withPool(3)
    host.nvidiaSmi.show([{ index: 1 }])
    const outcome = await host.canhazgpu(...request(2))
    expect(outcome).toMatchObject({ status: 75, stdout: '' })
    expect(outcome.stderr).toContain('Requested: 2, Available: 1 (2 GPUs not validated - ')
  })

  test.each(IN_USE)('does not hand out a GPU that %s', async (_name, gpu) => {
    using host = await Host.withPool([gpu, {}])
    expect(await host.canhazgpu(...request(2))).toMatchObject({
      status: 75,
      stdout: '',
      stderr:
        "Error: Not enough GPUs available. Requested: 2, Available: 1 (1 GPUs in use without reservation - run 'canhazgpu status' for details)\n",
    })
  })

  test('counts what is reserved, not validated and in use, each GPU once', async () => {
    using host = await Host.withPool(8)
    await host.canhazgpu('reserve', '--gpus', '3')
    const busy = { memoryUsed: 5000, apps: [{ pid }] }
    // One of the reserved ones is used by its holder, another has fallen off the bus.
    host.nvidiaSmi.show([busy, { index: 2 }, { index: 3 }, { ...busy, index: 4 }, { ...busy, index: 5 }])
    expect(await host.canhazgpu(...request(2))).toMatchObject({
      status: 75,
      stdout: '',
      stderr:
        "Error: Not enough GPUs available. Requested: 2, Available: 1 (3 GPUs reserved, 2 GPUs not validated, 2 GPUs in use without reservation - run 'canhazgpu status' for details)\n",
    })
  })

  test('says with status 1 that waiting would not help when the pool is too small', async () => {
    using host = await Host.withPool(8)
    expect(await host.canhazgpu(...request(9))).toMatchObject({
      status: 1,
      stdout: '',
      stderr:
        'Error: Not enough GPUs available. Requested: 9, Available: 8 (the pool has 8 GPUs - ask for at most 8)\n',
    })
  })
})

test('GPUs whose memory is never told are handed out when they have no process', async () => {
  using host = await Host.withPool([{ memoryUsed: '[N/A]' }])
  expect((await host.canhazgpu('reserve')).stdout).toStartWith('Reserved 1 GPU(s): [0] ')
})

test('the right GPU is handed out when nvidia-smi lists them in another order', async () => {
  const busy = { memoryUsed: 5000, apps: [{ pid }] }
  using host = await Host.withPool([{ index: 2, ...busy }, { index: 0, ...busy }, { index: 1 }])
  expect((await host.canhazgpu('reserve')).stdout).toStartWith('Reserved 1 GPU(s): [1] ')
})

describe('--memory-threshold', () => {
  async function statusWith(host: Host, option: string | null, variable: string | null): Promise<string> {
    const env = variable === null ? {} : { CANHAZGPU_MEMORY_THRESHOLD: variable }
    const words = option === null ? '' : `--memory-threshold ${option}`
    const { stdout } = await host.shell(`"$C" status ${words}`, { env })
    return stdout.trimEnd()
  }

  test.each([
    [null, null, 'in use'],
    ['300', null, 'free'],
    ['299', null, 'in use'],
    ['0', null, 'in use'],
    [null, '300', 'free'],
    [null, '299', 'in use'],
    [null, '', 'in use'],
    ['300', '0', 'free'],
    ['0', '300', 'in use'],
  ])('with 300MB used: the option %p and the variable %p make a GPU %s', async (option, variable, state) => {
    using host = await Host.withPool([{ memoryUsed: 300 }])
    expect(await statusWith(host, option, variable)).toBe(
      state === 'free'
        ? 'GPU 0: AVAILABLE [validated: 300MB used]'
        : 'GPU 0: IN USE WITHOUT RESERVATION by unknown - 300MB used',
    )
  })

  test.each(REQUESTS)('holds for %s', async (_command, request) => {
    using host = await Host.withPool([{ memoryUsed: 300 }])
    expect((await host.canhazgpu(...request(1))).status).toBe(75)
    expect((await host.canhazgpu('--memory-threshold', '300', ...request(1))).status).toBe(0)
  })

  test('does not hide a process', async () => {
    using host = await Host.withPool([{ memoryUsed: 300, apps: [{ pid }] }])
    expect((await host.canhazgpu('reserve', '--memory-threshold', '300')).status).toBe(75)
  })
})
