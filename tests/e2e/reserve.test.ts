import { describe, expect, test } from 'bun:test'
import { canhazgpu } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { until } from '../helpers/until.ts'

/** The GPUs that an answer of `reserve` names. */
function gpusIn(stdout: string): string {
  return /^Reserved \d+ GPU\(s\): \[(.*?)\]/.exec(stdout)?.[1] ?? `none: ${stdout}`
}

describe('reserve', () => {
  test('prints the ids, for how long, until when, and lines to copy that work', async () => {
    using host = await Host.withPool(3)
    const { status, stdout, stderr } = await host.canhazgpu('reserve', '--gpus', '2', '--duration', '4h')
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(
      /^Reserved 2 GPU\(s\): \[0, 1\] for 4h 0m 0s \(until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\)\nexport CUDA_DEVICE_ORDER=PCI_BUS_ID\nexport CUDA_VISIBLE_DEVICES=0,1\n$/,
    )
    const copied = await host.shell('eval "$LINES_TO_COPY"; env | grep ^CUDA_ | sort', {
      env: { LINES_TO_COPY: stdout.split('\n').slice(1).join('\n') },
    })
    expect(copied.stdout).toBe('CUDA_DEVICE_ORDER=PCI_BUS_ID\nCUDA_VISIBLE_DEVICES=0,1\n')
  })

  test.each(['UTC', 'JST-9', 'NST3:30NDT,M3.2.0,M11.1.0', ''])(
    'tells the end in local time: TZ=%s',
    async TZ => {
      using host = await Host.withPool(1)
      const before = Date.now()
      const { stdout } = await canhazgpu(['reserve', '--duration', '100d'], { env: { ...host.env, TZ } })
      const after = Date.now()
      const shown = /\(until (.*)\)$/m.exec(stdout)?.[1] ?? ''
      const instants = `seq ${Math.floor(before / 1000)} ${Math.floor(after / 1000)}`
      const possible = await host.shell(
        `for at in $(${instants}); do date -d "@$((at + 100 * 86400))" '+%F %T'; done`,
        { env: { TZ } },
      )
      expect(possible.stdout.split('\n')).toContain(shown)
    },
  )

  test('takes all that it asks for or nothing', async () => {
    using host = await Host.withPool(4)
    await host.canhazgpu('reserve', '--gpus', '3')
    expect(await host.canhazgpu('reserve', '--gpus', '2')).toMatchObject({
      status: 75,
      stdout: '',
      stderr:
        "Error: Not enough GPUs available. Requested: 2, Available: 1 (3 GPUs reserved - run 'canhazgpu status' for details)\n",
    })
    expect((await host.status())[3]).toBe('GPU 3: AVAILABLE')
    expect(gpusIn((await host.canhazgpu('reserve')).stdout)).toBe('3')
  })

  test.skipIf(process.getuid?.() !== 0)(
    'gives GPUs that were never used first, then those released longest ago, ids ascending',
    async () => {
      using host = await Host.withPool(5)
      const reserve = async (uid: number, count: number) =>
        gpusIn((await host.canhazgpuAs(uid, 'reserve', '--gpus', String(count))).stdout)
      expect([await reserve(4001, 2), await reserve(4002, 1), await reserve(4003, 1)]).toEqual([
        '0, 1',
        '2',
        '3',
      ])
      for (const uid of [4003, 4001, 4002]) await host.canhazgpuAs(uid, 'release')
      // GPU 4 was never used; 3 was released first, then 0 and 1 together, then 2.
      expect([await reserve(4004, 3), await reserve(4005, 2)]).toEqual(['0, 3, 4', '1, 2'])
    },
  )

  test.skipIf(process.getuid?.() !== 0)('ends at its time, and the next request has the GPU', async () => {
    using host = await Host.withPool(1)
    const before = Date.now()
    expect((await host.canhazgpuAs(4001, 'reserve', '--duration', '1s')).status).toBe(0)
    let next = await host.canhazgpuAs(4002, 'reserve')
    await until(async () => {
      if (next.status !== 0) {
        expect(next).toMatchObject({ status: 75, stdout: '' })
        next = await host.canhazgpuAs(4002, 'reserve')
      }
      return next.status === 0
    })
    expect(Date.now() - before).toBeGreaterThanOrEqual(1000)
    expect(gpusIn(next.stdout)).toBe('0')
    expect(await host.canhazgpuAs(4001, 'release')).toMatchObject({
      status: 0,
      stdout: 'No manually reserved GPUs found for current user\n',
    })
    expect((await host.status())[0]).toStartWith('GPU 0: IN USE by uid 4002 for ')
  })

  test('that is over is not shown any more, and counts as released when it ended', async () => {
    using host = await Host.withPool(1)
    await host.canhazgpu('reserve', '--duration', '1s')
    await until(
      async () => (await host.status())[0]?.startsWith('GPU 0: AVAILABLE (last released 0h 0m ') ?? false,
    )
  })
})
