import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { canhazgpu } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'

describe.each([
  ['status', ['status']],
  ['reserve', ['reserve']],
  ['release', ['release']],
  ['run', ['run', '--', 'sh', '-c', 'echo must not run']],
])('%s of a pool that was never initialized', (_name, args) => {
  const refusal = (host: Host, count: string) => ({
    status: 1,
    stdout: '',
    stderr: `Error: GPU pool is not initialized. Ask an administrator to run: canhazgpu admin --gpus ${count} --store ${host.storeWord}\n`,
  })

  test('names the command to type, with the number that nvidia-smi reports', async () => {
    using host = new Host(5)
    expect(await host.canhazgpu(...args)).toMatchObject(refusal(host, '5'))
    expect(existsSync(dirname(host.poolPath))).toBe(false)
  })

  test('works once that command was typed', async () => {
    using host = new Host(2)
    const { stderr } = await host.canhazgpu(...args)
    const advice = /canhazgpu (admin .*)$/m.exec(stderr)?.[1]
    expect((await host.shell(`"$C" ${advice}`)).status).toBe(0)
    expect((await host.canhazgpu(...args)).status).toBe(0)
  })

  test.each([
    ['there is no nvidia-smi', null],
    ['nvidia-smi fails', 'echo failed; exit 9'],
    ['nvidia-smi hangs', 'exec sleep 600'],
  ])('leaves the number to the reader when %s', async (_name, lines) => {
    using host = new Host(5)
    host.nvidiaSmi.before(lines)
    const env = { ...host.env, CANHAZGPU_PROBE_TIMEOUT: '0.2s' }
    const [command = '', ...rest] = args
    // A path that holds the command to run, and no nvidia-smi.
    const words = rest.map(word => (word === 'sh' ? '/bin/sh' : word))
    const PATH = lines === null ? '/nonexistent' : host.env.PATH
    const outcome = await canhazgpu([command, ...words], { env: { ...env, PATH: PATH ?? '' } })
    expect(outcome).toMatchObject(refusal(host, '<count>'))
  })
})

test('a hint is not worth the whole time that a probe may take', async () => {
  using host = new Host(5)
  host.nvidiaSmi.before('exec sleep 600')
  const env = { ...host.env, CANHAZGPU_PROBE_TIMEOUT: '1h' }
  expect((await canhazgpu(['status'], { env })).stderr).toContain('admin --gpus <count>')
})
