import { describe, expect, test } from 'bun:test'
import { executable, start } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { keepersOf, Running } from '../helpers/running.ts'
import { Random } from '../helpers/simulator-random.ts'
import { until } from '../helpers/until.ts'

/** More with a variable: some moments are rare. */
const ROUNDS = Number(process.env.CANHAZGPU_KILLS ?? 30)

/** How long a whole `run` takes here and now, so that the moments to kill it are spread over all of it. */
async function runTimeMs(host: Host): Promise<number> {
  const startedAt = performance.now()
  await host.canhazgpu('run', '--gpus', '2', '--', 'true')
  return performance.now() - startedAt
}

/** Fails when the GPUs are not free now: this is the very next command. */
async function takeAndGiveBack(host: Host): Promise<void> {
  expect(await host.canhazgpu('reserve', '--gpus', '2')).toMatchObject({ status: 0, stderr: '' })
  expect(await host.canhazgpu('release')).toMatchObject({ stdout: 'Released 2 GPU(s): [0, 1]\n' })
}

describe('killed at any moment of its start, run loses no GPU and holds no half', () => {
  test.each([
    ['it alone', (pid: number) => process.kill(pid, 'SIGKILL')],
    ['its process group', (pid: number) => process.kill(-pid, 'SIGKILL')],
  ])('%s', async (_name, kill) => {
    using host = await Host.withPool(2)
    const random = new Random(1)
    const mostMs = 1.5 * (await runTimeMs(host))
    for (let round = 0; round < ROUNDS; round++) {
      // In a session of its own, and so in a group of its own; the pid stays the same.
      const child = start(['setsid', executable(), 'run', '--gpus', '2', '--', 'sleep', '600'], host)
      // No condition to wait for: any moment is to be hit.
      const [seen] = await Promise.all([
        host.status(),
        Bun.sleep(random.int(0, 1000) * (mostMs / 1000)).then(() => killOnceItIsThere(kill, child.pid)),
      ])
      expect(new Set(seen.map(line => /AVAILABLE|IN USE by/.exec(line)?.[0]))).toHaveProperty('size', 1)
      expect(await child.exited).toBe(137)
      await takeAndGiveBack(host)
    }
  })
})

test('killed at any moment, a keeper loses no GPU, whether its command goes first or it', async () => {
  using host = await Host.withPool(2)
  const random = new Random(2)
  for (let round = 0; round < ROUNDS; round++) {
    const running = await Running.start(host, { gpus: 2 })
    const pause = random.int(0, 12)
    if (random.chance(0.3)) {
      await running.killKeeper()
      await running.kill()
    } else {
      await running.kill()
      // Its release takes some milliseconds; it may be over.
      await Bun.sleep(pause)
      for (const keeper of keepersOf(host)) process.kill(keeper, 'SIGKILL')
    }
    await takeAndGiveBack(host)
  }
})

/** A group is there once setsid has made it. */
async function killOnceItIsThere(kill: (pid: number) => void, pid: number): Promise<void> {
  await until(() => {
    try {
      kill(pid)
      return true
    } catch {
      return false
    }
  })
}
