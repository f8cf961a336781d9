import { expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Host } from '../helpers/host.ts'
import { until } from '../helpers/until.ts'

test('a keeper ends with its command when the pool was deleted in the meantime', async () => {
  using host = await Host.withPool(1)
  const run = host.start(['run', '--', 'sleep', '600'])
  await until(() => keepersOf(host).length === 1)
  rmSync(dirname(host.poolPath), { recursive: true })
  run.kill('SIGKILL')
  await run.exited
  await until(() => keepersOf(host).length === 0)
  expect((await host.canhazgpu('status')).stderr).toStartWith('Error: GPU pool is not initialized.')
})

/** The keepers of a host's reservations, by their command lines; zombies have none. */
function keepersOf(host: Host): string[] {
  const { stdout } = Bun.spawnSync(['ps', '-eo', 'args=', '-ww'])
  return stdout
    .toString()
    .split('\n')
    .filter(args => args.includes(` keeper store=sqlite:${host.poolPath} `))
}
