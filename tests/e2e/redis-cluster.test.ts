import { afterAll, expect, test } from 'bun:test'
import { FleetHost } from '../helpers/fleet-host.ts'
import { RedisCluster } from '../helpers/redis-cluster.ts'
import { keepersOfStores } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'

const NAMES = ['gpu-1', 'gpu-2', 'gpu-3', 'gpu-4', 'gpu-5', 'gpu-6']

const cluster = await RedisCluster.start()
const hosts: FleetHost[] = []
afterAll(async () => {
  for (const host of hosts) host[Symbol.dispose]()
  await cluster[Symbol.asyncDispose]()
})

const printed = async (host: FleetHost | undefined, ...args: string[]) => {
  const { stdout = '', stderr } = (await host?.canhazgpu(...args)) ?? {}
  expect(stderr).toBe('')
  return stdout
}

test('hosts share a cluster as they would a server', async () => {
  for (const name of NAMES) hosts.push(await FleetHost.join(cluster, name, 2))
  const [first, last] = [hosts[0], hosts.at(-1)]

  for (const host of hosts) expect(await host.canhazgpu('run', '--', 'true')).toMatchObject({ status: 0 })
  await until(() => keepersOfStores(url => url.startsWith(cluster.base)).length === 0)
  expect((await printed(first, 'log', '--all')).match(/ finished /g)).toHaveLength(NAMES.length)
  expect(JSON.parse(await printed(last, 'report', '--all', '--json')).total).toMatchObject({
    runs: NAMES.length,
  })

  await last?.canhazgpu('reserve', '-g', '2')
  const waiter = last?.start(['run', '--wait', '--', 'sh', '-c', 'echo "$CUDA_VISIBLE_DEVICES"'])
  await until(async () => (await printed(first, 'queue', '--all')).includes('HOST gpu-6'))
  expect((await printed(first, 'status', '--all', '--summary')).trimEnd().split('\n')).toEqual([
    ...NAMES.slice(0, -1).map(name => `HOST ${name}: 2/2 free`),
    'HOST gpu-6: 0/2 free, 2 reserved, 1 waiting',
  ])
  await last?.canhazgpu('release')
  expect(await waiter?.stdout.text()).toMatch(/^[01]\n$/)

  expect(await printed(first, 'find', '--gpus', '2')).toContain('HOST gpu-1: 2/2 free')
})
