import { expect, test } from 'bun:test'
import { outcome } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { keepersOf, killKeepers } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'

/** Lets the first look of nvidia-smi see an idle GPU, and tell of it only when the test lets it. */
function holdFirstLook(host: Host): { begun: () => Promise<boolean>; end: () => Promise<unknown> } {
  const [begun, go] = ['begun', 'go'].map(name => `${host.directory.path}/${name}`)
  host.nvidiaSmi.before(`
    if [ ! -e ${go} ]; then
      touch ${begun}
      while [ ! -e ${go} ]; do sleep 0.02; done
      case "$1" in --query-gpu=*) echo "0, GPU-0000-fake, 0" ;; esac
      exit
    fi`)
  return {
    begun: () => Bun.file(begun ?? '').exists(),
    end: () => Bun.write(go ?? '', ''),
  }
}

test('a GPU that came free while nvidia-smi looked is looked at again, for its holder may have begun to use it', async () => {
  using host = await Host.withPool(1)
  await host.canhazgpu('reserve')
  const user = Bun.spawn(['sleep', '600'])
  const look = holdFirstLook(host)
  const asking = host.start(['reserve'])
  await until(look.begun)
  // Seen idle; now its holder uses it, and gives the reservation back.
  host.nvidiaSmi.show([{ apps: [{ pid: user.pid }] }])
  await host.canhazgpu('release')
  await look.end()
  const { status, stdout, stderr } = await outcome(asking)
  user.kill('SIGKILL')
  expect([status, stdout]).toEqual([75, ''])
  expect(stderr).toContain('1 GPUs in use without reservation')
})

test('and is handed out when the second look shows it to be free', async () => {
  using host = await Host.withPool(1)
  await host.canhazgpu('reserve')
  const look = holdFirstLook(host)
  const asking = host.start(['reserve'])
  await until(look.begun)
  await host.canhazgpu('release')
  await look.end()
  expect(await outcome(asking)).toMatchObject({ status: 0, stderr: '' })
})

test('one whose holder was killed before is handed out after one look', async () => {
  using host = await Host.withPool(1)
  const job = host.start(['run', '--', 'sh', '-c', 'echo; exec sleep 600'])
  await job.stdout.getReader().read()
  const log = `${host.directory.path}/looks`
  host.nvidiaSmi.before(`echo "$1" >> ${log}`)
  // Else the keeper might write the end down while the tool looks.
  await until(() => keepersOf(host).length > 0)
  await killKeepers(host)
  job.kill('SIGKILL')
  await job.exited
  expect((await host.canhazgpu('reserve')).status).toBe(0)
  expect(
    (await Bun.file(log).text()).split('\n').filter(line => line.startsWith('--query-gpu')),
  ).toHaveLength(1)
})
