import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { canhazgpu } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { adviceOn, SICKNESSES, whileSick } from '../helpers/sick-nvidia-smi.ts'
import { until } from '../helpers/until.ts'

describe.each(SICKNESSES.map(sickness => [sickness.name, sickness] as const))(
  'while nvidia-smi is %s',
  (_name, sickness) => {
    test('status tells what is reserved, warns once, and ends well', async () => {
      using host = await Host.withPool(3)
      await host.canhazgpu('reserve', '--gpus', '2')
      await host.canhazgpu('release')
      await host.canhazgpu('reserve')
      const { status, stdout, stderr } = await whileSick(host, sickness, ['status'])
      const lines = stdout.trimEnd().split('\n')
      expect(lines).toEqual([
        expect.stringMatching(/^GPU 0: AVAILABLE \(last released 0h 0m \d+s ago\) \[not validated\]$/),
        expect.stringMatching(/^GPU 1: AVAILABLE \(last released 0h 0m \d+s ago\) \[not validated\]$/),
        expect.stringMatching(/^GPU 2: IN USE by .* for .* \(manual, expires in .*\) \[not validated\]$/),
      ])
      expect(stderr).toBe(
        `Warning: ${sickness.says}. What it would tell is missing below. ${adviceOn(sickness)}\n`,
      )
      expect(status).toBe(0)
    })

    test.each([
      ['reserve', ['reserve']],
      ['run', ['run', '--', '/bin/sh', '-c', 'echo must not run']],
    ])('%s hands nothing out, and says why', async (_command, args) => {
      using host = await Host.withPool(2)
      const { status, stdout, stderr } = await whileSick(host, sickness, args)
      expect([status, stdout]).toEqual([1, ''])
      expect(stderr).toBe(
        `Error: ${sickness.says}. No GPU can be validated, so none is handed out. ${adviceOn(sickness)}\n`,
      )
      host.nvidiaSmi.before(null)
      expect(await host.status()).toEqual(['GPU 0: AVAILABLE', 'GPU 1: AVAILABLE'])
    })

    test('release works', async () => {
      using host = await Host.withPool(1)
      await host.canhazgpu('reserve')
      expect(await whileSick(host, sickness, ['release'])).toMatchObject({
        status: 0,
        stdout: 'Released 1 GPU(s): [0]\n',
        stderr: '',
      })
    })
  },
)

describe('--probe-timeout', () => {
  /** A host whose nvidia-smi never answers. */
  async function hangingHost(): Promise<Host> {
    const host = await Host.withPool(1)
    host.nvidiaSmi.before('exec sleep 600')
    return host
  }

  test('comes before its variable', async () => {
    using host = await hangingHost()
    const env = { ...host.env, CANHAZGPU_PROBE_TIMEOUT: '1h' }
    for (const args of [
      ['status', '--probe-timeout', '0.2s'],
      ['--probe-timeout=0.2s', 'status'],
    ]) {
      const { status, stderr } = await canhazgpu(args, { env })
      expect([status, stderr]).toEqual([
        0,
        "Warning: nvidia-smi did not answer within 0.2s. What it would tell is missing below. Give it longer with --probe-timeout, and run 'nvidia-smi' to see whether it answers at all\n",
      ])
    }
  })

  test('leaves a slow answer its time', async () => {
    using host = await Host.withPool(1)
    host.nvidiaSmi.before('sleep 0.3')
    expect((await host.canhazgpu('status', '--probe-timeout', '60s')).stderr).toBe('')
    expect((await host.canhazgpu('reserve')).status).toBe(0)
  })

  test.each(['0', '5', 'abc', '-1s', '0s', '50ms', '2h'])('refuses "%s", with an example', async text => {
    using host = new Host()
    const said = 'Use a duration from 0.1s to 1h, for example --probe-timeout 60s\n'
    expect(await host.canhazgpu('status', '--probe-timeout', text)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: `Error: Invalid value for --probe-timeout: "${text}". ${said}`,
    })
    const env = { ...host.env, CANHAZGPU_PROBE_TIMEOUT: text }
    expect(await canhazgpu(['status'], { env })).toMatchObject({
      status: 2,
      stdout: '',
      stderr: `Error: Invalid value for CANHAZGPU_PROBE_TIMEOUT: "${text}". ${said}`,
    })
  })

  test.each([
    ['both of its queries hang', ''],
    [
      'one hangs and the other fails',
      'case "$1" in --query-gpu=*) until [ -s "$here/pids" ]; do sleep 0.01; done; exit 9 ;; esac; ',
    ],
  ])('leaves no nvidia-smi behind when %s', async (_name, first) => {
    using host = await hangingHost()
    host.nvidiaSmi.before(`${first}echo $$ >> "$here/pids"; exec sleep 600`)
    await host.canhazgpu('status', '--probe-timeout', '0.3s')
    const pids = readFileSync(join(host.nvidiaSmi.directory, 'pids'), 'utf8').trim().split('\n')
    await until(() => !pids.some(isRunning))
  })
})

function isRunning(pid: string): boolean {
  const { stdout } = Bun.spawnSync(['ps', '-o', 'stat=', '-p', pid])
  return /^[^Z\s]/.test(stdout.toString())
}
