import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { outcome } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { keepersOf, killKeepers } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

let host: Host
let started: ReturnType<Host['start']>[]

beforeEach(async () => {
  host = await Host.withPool(2)
  started = []
})
afterEach(async () => {
  for (const child of started) child.kill('SIGKILL')
  await Promise.all(started.map(child => child.exited))
  host[Symbol.dispose]()
})

function start(...args: string[]) {
  const child = host.start(args)
  started.push(child)
  return child
}

/** Starts a job that holds GPUs until it is ended. */
async function hold(gpus: number, ...options: string[]) {
  const job = start('run', '-g', String(gpus), ...options, '--', 'sh', '-c', 'echo; exec sleep 600')
  await job.stdout.getReader().read()
  return job
}

/** Starts a request that waits, and waits until it stands in the line. */
async function queueUp(...args: string[]) {
  const before = await line()
  const waiter = start(...args)
  await until(async () => (await line()).length > before.length)
  return waiter
}

async function line(): Promise<string[]> {
  const { stdout } = await host.canhazgpu('queue')
  return stdout === 'Nobody is waiting\n' ? [] : stdout.trimEnd().split('\n')
}

describe('a request that waits', () => {
  test('starts when a release makes room', async () => {
    await host.canhazgpu('reserve', '-g', '2')
    const waiter = await queueUp('run', '--wait', '--', 'sh', '-c', 'echo "$CUDA_VISIBLE_DEVICES"')
    await host.canhazgpu('release')
    expect(await outcome(waiter)).toMatchObject({ status: 0, stdout: '0\n' })
  })

  test('writes down that a command is finished where it is quicker than its keeper', async () => {
    await host.canhazgpu('reserve')
    const jobs = Array.from({ length: 12 }, () => start('run', '--wait', '--', 'true'))
    const outcomes = await Promise.all(jobs.map(outcome))
    expect(outcomes.map(({ status }) => status)).toEqual(jobs.map(() => 0))
    await until(() => keepersOf(host).length === 0)
    const { stdout } = await host.canhazgpu('log', '-n', '100')
    expect<unknown>(stdout.match(/finished|reclaimed/g)).toEqual(jobs.map(() => 'finished'))
  })

  test('starts when the job ends that has its GPUs', async () => {
    const job = await hold(2)
    const waiter = await queueUp('reserve', '-g', '2', '--wait')
    job.kill('SIGTERM')
    expect((await outcome(waiter)).stdout).toStartWith('Reserved 2 GPU(s): [0, 1]')
  })

  test('starts when the job and its keeper are killed with kill -9', async () => {
    const job = await hold(2)
    await until(() => keepersOf(host).length === 1)
    const waiter = await queueUp('run', '--wait', '--', 'echo', 'mine')
    await killKeepers(host)
    job.kill('SIGKILL')
    expect((await outcome(waiter)).stdout).toBe('mine\n')
  })

  test('starts when a manual reservation is over', async () => {
    await host.canhazgpu('reserve', '-g', '2', '--duration', '1s')
    const waiter = await queueUp('run', '--wait', '--', 'echo', 'mine')
    expect((await outcome(waiter)).stdout).toBe('mine\n')
  })

  test('starts when whoever uses the GPUs without reservation ends', async () => {
    const intruder = start('run', '--', 'sh', '-c', 'echo; exec sleep 600')
    await intruder.stdout.getReader().read()
    await host.canhazgpu('reserve')
    const other = Bun.spawn(['sleep', '600'])
    host.nvidiaSmi.show([{}, {}])
    await host.canhazgpu('release')
    host.nvidiaSmi.show([{}, { apps: [{ pid: other.pid }] }])
    const waiter = await queueUp('run', '--wait', '--', 'echo', 'mine')
    host.nvidiaSmi.show([{}, {}])
    other.kill('SIGKILL')
    await other.exited
    expect((await outcome(waiter)).stdout).toBe('mine\n')
  })

  test('starts when memory is free again that nobody could be seen to use', async () => {
    host.nvidiaSmi.show([{ memoryUsed: 9000 }, { memoryUsed: 9000 }])
    const waiter = await queueUp('run', '--wait', '--', 'echo', 'mine')
    host.nvidiaSmi.show([{}, { memoryUsed: 9000 }])
    expect((await outcome(waiter)).stdout).toBe('mine\n')
  })

  test('goes on waiting while nvidia-smi is sick, and starts when it is well', async () => {
    await host.canhazgpu('reserve', '-g', '2')
    const waiter = await queueUp('run', '--wait', '--', 'echo', 'mine')
    host.nvidiaSmi.before('echo broken; exit 9')
    await host.canhazgpu('release')
    await until(async () => (await host.canhazgpu('queue')).stdout.includes('not validated'))
    expect(waiter.exitCode).toBeNull()
    host.nvidiaSmi.before(null)
    expect((await outcome(waiter)).stdout).toBe('mine\n')
  })

  test('gives up after its time, with status 75, and leaves nothing behind', async () => {
    await host.canhazgpu('reserve', '-g', '2')
    const { status, stdout, stderr } = await host.canhazgpu('run', '--wait', '0.3s', '--', 'echo', 'no')
    expect([status, stdout]).toEqual([75, ''])
    expect(stderr).toContain(
      "Error: Gave up after waiting 0h 0m 0s: 1 of 1 GPUs were missing, position 1 in the line - run 'canhazgpu queue' for details\n",
    )
    expect(await line()).toEqual([])
  })

  test('tells a pipe of every change in a line of its own, and no more', async () => {
    await host.canhazgpu('reserve', '-g', '2', '-u', 'bob', '--duration', '1h')
    const first = await queueUp('run', '-g', '2', '--wait', '--', 'true')
    const second = await queueUp('run', '--wait', '--', 'true')
    await host.canhazgpu('release')
    await outcome(first)
    const lines = (await outcome(second)).stderr.trimEnd().split('\n')
    expect(lines[0]).toMatch(
      /^Waiting for 1 GPU\(s\): position 2, 1 of 1 missing, held by bob \(\w+\), first known end ([-\d]+ )?[:\d]+$/,
    )
    expect(new Set(lines).size).toBe(lines.length)
    expect(lines.at(-1)).toBe('Reserved 1 GPU(s): [0]')
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
    'leaves the line at once by %s',
    async signal => {
      await host.canhazgpu('reserve', '-g', '2')
      const waiter = await queueUp('run', '--wait', '--', 'true')
      waiter.kill(signal)
      await waiter.exited
      expect(await line()).toEqual([])
      expect(String(waiter.signalCode)).toBe(signal)
    },
  )

  test('is refused at once when the pool could never give so many', async () => {
    const { status, stderr } = await host.canhazgpu('run', '-g', '3', '--wait', '--', 'true')
    expect([status, stderr]).toEqual([
      1,
      'Error: Not enough GPUs available. Requested: 3, Available: 2 (the pool has 2 GPUs - ask for at most 2)\n',
    ])
  })

  test('joins the line anew when admin --force has cleared it', async () => {
    await host.canhazgpu('reserve', '-g', '2')
    const waiter = await queueUp('run', '-g', '2', '--wait', '--', 'echo', 'mine')
    await host.canhazgpu('admin', '--gpus', '2', '--force')
    expect((await outcome(waiter)).stdout).toBe('mine\n')
  })
})

describe('the line', () => {
  test('is shown with who waits for what, since when, why, and the note', async () => {
    await host.canhazgpu('reserve', '-g', '2', '-u', 'bob')
    await queueUp('run', '-g', '2', '--wait', '-u', 'alice', '-n', 'ablation', '--', 'true')
    await queueUp('reserve', '--wait', '-G', '1')
    const name = Bun.spawnSync(['id', '-un']).stdout.toString().trim()
    const [first, second] = await line()
    expect(first).toMatch(
      new RegExp(
        `^1\\. alice \\(${name}\\) waits for 2 GPU\\(s\\) for 0h 0m \\ds \\(run, since [-\\d]+ [:\\d]+\\): 2 of 2 missing, held by bob \\(${name}\\), first known end ([-\\d]+ )?[:\\d]+ - ablation$`,
      ),
    )
    expect(second).toStartWith(`2. ${name} waits for GPU(s) [1] for`)
  })

  test('is not jumped by a newcomer, who is told of it', async () => {
    await host.canhazgpu('reserve')
    await queueUp('run', '-g', '2', '--wait', '--', 'true')
    const { status, stderr } = await host.canhazgpu('run', '--', 'true')
    expect([status, stderr]).toEqual([
      75,
      "Error: Not enough GPUs available. Requested: 1, Available: 0 (1 GPUs reserved, 1 request is waiting before you - run 'canhazgpu queue' for details)\n",
    ])
  })

  test('is passed by a request that ends before the first could start', async () => {
    await host.canhazgpu('reserve', '--duration', '1h')
    await queueUp('run', '-g', '2', '--wait', '--', 'true')
    expect(await host.canhazgpu('run', '-t', '20m', '--', 'echo', 'passed')).toMatchObject({
      stdout: 'passed\n',
    })
    expect(await host.canhazgpu('reserve', '--duration', '2h')).toMatchObject({ status: 75 })
  })

  test('is passed on GPUs that the first cannot use', async () => {
    await host.canhazgpu('reserve', '-G', '0')
    await queueUp('run', '-G', '0', '--wait', '--', 'true')
    expect(await host.canhazgpu('run', '--', 'sh', '-c', 'echo $CUDA_VISIBLE_DEVICES')).toMatchObject({
      stdout: '1\n',
    })
  })

  test('does not stand still for one that is stopped, who has its place again when it goes on', async () => {
    await host.canhazgpu('reserve', '-g', '2')
    const stopped = await queueUp('run', '-g', '2', '--wait', '--', 'echo', 'first')
    stopped.kill('SIGSTOP')
    const second = await queueUp('run', '-g', '2', '--wait', '--', 'echo', 'second')
    await host.canhazgpu('release')
    expect((await outcome(second)).stdout).toBe('second\n')
    const shown = (await host.canhazgpu('queue')).stdout
    expect(shown).toMatch(/: stopped and passed by others until it goes on\n$/)
    expect(JSON.parse((await host.canhazgpu('queue', '--json')).stdout).requests).toMatchObject([
      { missing: 0, is_stopped: true },
    ])
    stopped.kill('SIGCONT')
    expect((await outcome(stopped)).stdout).toBe('first\n')
  })

  test('of 50 jobs on 8 GPUs runs all, one after the other', async () => {
    using host = await Host.withPool(8)
    const jobs = await Promise.all(
      Array.from({ length: 50 }, () =>
        host.canhazgpu('run', '--wait', '--', 'sh', '-c', 'echo $CUDA_VISIBLE_DEVICES'),
      ),
    )
    expect(jobs.map(({ status }) => status)).toEqual(Array(50).fill(0))
    for (const { stdout } of jobs) expect(stdout).toMatch(/^[0-7]\n$/)
    expect((await host.canhazgpu('queue')).stdout).toBe('Nobody is waiting\n')
  })

  test('of 100, killed at random, starts the rest in their order', async () => {
    await host.canhazgpu('reserve', '-g', '2')
    const waiters: ReturnType<typeof start>[] = []
    for (let place = 0; place < 100; place += 10) {
      const ten = Array.from({ length: 10 }, () => start('run', '-g', '2', '--wait', '--', 'date', '+%s%N'))
      await until(async () => (await line()).length === place + 10)
      waiters.push(...ten)
    }
    const killed = waiters.filter((_, place) => place % 3 === 1)
    for (const waiter of killed) waiter.kill('SIGKILL')
    await host.canhazgpu('release')
    const rest = waiters.filter(waiter => !killed.includes(waiter))
    const outcomes = await Promise.all(rest.map(outcome))
    expect(outcomes.map(({ status }) => status)).toEqual(Array(rest.length).fill(0))
    // Those of one ten have come at the same time; the tens have not.
    const tens = Map.groupBy(outcomes, (_, place) => Math.floor(waiters.indexOf(rest[place] as never) / 10))
    const times = [...tens.values()].map(ten => ten.map(({ stdout }) => Number(stdout)))
    for (const [place, ten] of times.entries()) {
      if (place > 0) expect(Math.min(...ten)).toBeGreaterThan(Math.max(...(times[place - 1] ?? [])))
    }
  }, 60_000)
})

describe.skipIf(!canMakeUsers)('a line of several users', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  test('is served across users', async () => {
    const job = start('run', '-g', '2', '--', 'sh', '-c', 'echo; exec sleep 600')
    await job.stdout.getReader().read()
    const waiters = [alice, bob].map(({ uid }) => {
      const child = host.start(['run', '--wait', '--', 'id', '-un'], { uid })
      started.push(child)
      return child
    })
    await until(async () => (await line()).length === 2)
    job.kill('SIGKILL')
    const outcomes = await Promise.all(waiters.map(outcome))
    expect(outcomes.map(({ stdout }) => stdout)).toEqual([`${alice.name}\n`, `${bob.name}\n`])
  })
})
