import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { FakeGpu } from '../helpers/fake-nvidia-smi.ts'
import { Host } from '../helpers/host.ts'

/** Somebody uses a GPU without asking. */
const intruder = Bun.spawn(['sleep', '600'])
afterAll(() => intruder.kill())
const IN_USE: FakeGpu = { memoryUsed: 1024, apps: [{ pid: intruder.pid }] }

/** Asks for GPUs, and looks whether the command was started all the same. */
async function refusal(
  host: Host,
  gpus: number,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const mark = join(host.directory.path, 'was-started')
  const { status, stdout, stderr } = await host.canhazgpu('run', '--gpus', String(gpus), '--', 'touch', mark)
  expect(existsSync(mark)).toBe(false)
  return { status, stdout, stderr }
}

describe('run is refused', () => {
  test('with the line of the specification and status 75 when some are in use', async () => {
    using host = await Host.withPool([{}, IN_USE])
    expect(await refusal(host, 2)).toEqual({
      status: 75,
      stdout: '',
      stderr:
        "Error: Not enough GPUs available. Requested: 2, Available: 1 (1 GPUs in use without reservation - run 'canhazgpu status' for details)\n",
    })
  })

  test('all or nothing: what is there stays free', async () => {
    using host = await Host.withPool([{}, {}, IN_USE])
    expect((await refusal(host, 3)).status).toBe(75)
    expect((await host.status()).slice(0, 2)).toEqual(['GPU 0: AVAILABLE', 'GPU 1: AVAILABLE'])
  })

  test('with status 1 and the true numbers when the pool has not so many', async () => {
    using host = await Host.withPool(8)
    expect(await refusal(host, 9)).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'Error: Not enough GPUs available. Requested: 9, Available: 8 (the pool has 8 GPUs - ask for at most 8)\n',
    })
  })

  test('counting GPUs that are reserved as not available', async () => {
    using host = await Host.withPool([{}, {}, {}, IN_USE])
    await host.canhazgpu('reserve')
    const { status, stderr } = await refusal(host, 4)
    expect(status).toBe(75)
    expect(stderr).toContain('Requested: 4, Available: 2 (')
    expect(stderr).toContain('1 GPUs in use without reservation')
  })

  test('without a pool, naming the command with the number that nvidia-smi reports', async () => {
    using host = new Host(3)
    expect(await refusal(host, 1)).toEqual({
      status: 1,
      stdout: '',
      stderr: `Error: GPU pool is not initialized. Ask an administrator to run: canhazgpu admin --gpus 3 --store ${host.storeWord}\n`,
    })
  })
})

test('run inside of run takes another GPU', async () => {
  using host = await Host.withPool(2)
  const { stdout } = await host.shell(
    `"$C" run -- sh -c 'echo $CUDA_VISIBLE_DEVICES; "$C" run -- printenv CUDA_VISIBLE_DEVICES; "$C" status'`,
  )
  expect(stdout.split('\n').slice(0, 3)).toEqual(['0', '1', expect.stringMatching(/^GPU 0: IN USE by /)])
})
