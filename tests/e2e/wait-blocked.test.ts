import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { identityOf } from '../../src/process/identity.ts'
import { openStore } from '../../src/store/open.ts'
import { Host } from '../helpers/host.ts'
import { idleProcesses } from '../helpers/idle-processes.ts'
import { anEntry, anyGpus } from '../helpers/pools.ts'
import { until } from '../helpers/until.ts'

const idleProcess = idleProcesses()

/**
 * `pack` chooses by gaps, and so another GPU where fewer are free. The request that is first in line would take GPU 0 if all
 * were idle; what is really in use, and the reservation of GPU 4, make it GPU 3, and leave GPU 0 to the next one.
 */
test('a waiter that starts has its reservation, also where those before it choose by gaps', async () => {
  using host = await Host.withPool([{}, {}, { apps: [{ pid: process.pid }] }, {}, {}])
  const first = identityOf(idleProcess())
  if (!first) throw new Error('the process is gone')
  const store = await openStore(host.storeUrl, 'write')
  const entry = anEntry({ wanted: anyGpus(1, 'pack'), process: first, queuedAt: Date.now() })
  await store.update(() => ({ changes: [{ kind: 'enqueue', entry }], result: undefined }))
  store.close()

  const waiter = host.start(['run', '--wait', '--gpu-ids', '0', '--', 'sleep', '600'])
  try {
    await until(async () => (await host.canhazgpu('queue')).stdout.includes('\n2. '))
    await host.canhazgpu('reserve', '--gpu-ids', '4')
    await until(() => commandOf(waiter.pid) === 'sleep')
    expect((await host.status())[0]).toStartWith('GPU 0: IN USE by ')
  } finally {
    waiter.kill('SIGKILL')
    await waiter.exited
  }
})

test('a waiter counts a GPU that came free as one that it could have', async () => {
  using host = await Host.withPool(2)
  await host.canhazgpu('reserve', '--gpu-ids', '0', '--user', 'one')
  await host.canhazgpu('reserve', '--gpu-ids', '1', '--user', 'two')
  const waiter = host.start(['run', '--wait', '--gpus', '2', '--', 'true'])
  try {
    const told = lines(waiter.stderr)
    expect((await told.next()).value).toContain(': position 1, 2 of 2 missing, held by one')
    await host.canhazgpu('release', '--gpu-ids', '1')
    expect((await told.next()).value).toMatch(
      /: position 1, 1 of 2 missing, held by one \(\w+\), first known end /,
    )
  } finally {
    waiter.kill('SIGKILL')
    await waiter.exited
  }
})

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true })
    const whole = text.split('\n')
    text = whole.pop() ?? ''
    yield* whole
  }
}
