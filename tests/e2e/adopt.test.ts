import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { openStore } from '../../src/store/open.ts'
import { ChildProcess, sleepsInPoll } from '../helpers/child-process.ts'
import type { FakeGpu } from '../helpers/fake-nvidia-smi.ts'
import { Host } from '../helpers/host.ts'
import { commandLine, isFree, keepersOf, killKeepers } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

let host: Host
let started: ChildProcess[]
beforeEach(async () => {
  host = await Host.withPool(4)
  started = []
})
afterEach(async () => {
  await Promise.all(started.map(child => child.kill()))
  await killKeepers(host)
  host[Symbol.dispose]()
})

/** A process that somebody has started without canhazgpu. */
function job(uid?: number): ChildProcess {
  const child = new ChildProcess(['sleep', '600'], uid === undefined ? {} : { uid })
  started.push(child)
  return child
}

/** What each GPU is used by from now on, from 0. */
function use(...gpus: (ChildProcess | number)[][]): void {
  const shown = gpus.map(
    (users): FakeGpu => ({
      memoryUsed: users.length * 900,
      apps: users.map(user => ({ pid: typeof user === 'number' ? user : user.pid })),
    }),
  )
  host.nvidiaSmi.show([...shown, {}, {}, {}, {}].slice(0, 4))
}

/** The GPUs that are reserved. */
async function reserved(): Promise<number[]> {
  return (await host.status()).flatMap((line, gpu) => (/ IN USE by /.test(line) ? [gpu] : []))
}

describe('reserve --adopt', () => {
  test('reserves the GPUs of all processes that use one without reservation, until the last has ended', async () => {
    const [one, two, three] = [job(), job(), job()]
    use([one], [two, three], [three])
    expect((await host.status())[0]).toContain('WITHOUT RESERVATION')
    const pids = [one, two, three].map(({ pid }) => pid).sort((a, b) => a - b)
    expect(await host.canhazgpu('reserve', '--adopt', '-n', 'begun by hand')).toMatchObject({
      status: 0,
      stdout: `Reserved 3 GPU(s): [0, 1, 2] for ${pids.map(pid => `PID ${pid}`).join(', ')} until the last of them ends\n`,
      stderr: '',
    })
    expect((await host.status())[2]).toMatch(
      /IN USE by .* \(run, .*\) \[validated: 900MB, 1 processes\] - begun by hand$/,
    )
    for (const child of [two, one]) {
      await child.kill()
      expect(await reserved()).toEqual([0, 1, 2])
    }
    await three.kill()
    use()
    await until(() => isFree(host))
    await until(() => keepersOf(host).length === 0)
  })

  test('leaves one keeper that watches all of them asleep', async () => {
    const [one, two] = [job(), job()]
    use([one], [two])
    await host.canhazgpu('reserve', '--pid', `${two.pid},${one.pid}`)
    await until(() => keepersOf(host).length === 1)
    const [keeper = 0] = keepersOf(host)
    expect(commandLine(keeper)).toContain(`pid=${two.pid},${one.pid}`)
    await until(() => sleepsInPoll(keeper))
    await one.kill()
    await until(() => sleepsInPoll(keeper))
    expect(await reserved()).toEqual([0, 1])
    await two.kill()
    await until(() => keepersOf(host).length === 0)
  })

  test('holds as long as one of the processes lives, also when its keeper was killed', async () => {
    const [one, two] = [job(), job()]
    use([one], [two])
    await host.canhazgpu('reserve', '--adopt')
    await until(() => keepersOf(host).length === 1)
    await killKeepers(host)
    await one.kill()
    expect(await reserved()).toEqual([0, 1])
    await two.kill()
    use()
    expect(await isFree(host)).toBe(true)
    expect((await host.canhazgpu('reserve', '-g', '4')).status).toBe(0)
  })

  test('adopts with --pid exactly those, given together or one by one', async () => {
    const [one, two, three] = [job(), job(), job()]
    use([one], [two], [three])
    const { stdout } = await host.canhazgpu('reserve', '--pid', String(one.pid), '--pid', String(three.pid))
    expect(stdout).toStartWith('Reserved 2 GPU(s): [0, 2] for')
    expect((await host.status())[1]).toContain('WITHOUT RESERVATION')
  })

  test('prints with --short the ids alone, and with --json the processes', async () => {
    const [one, two] = [job(), job()]
    use([one], [two])
    const short = await host.canhazgpu('reserve', '--short', '--pid', String(one.pid))
    expect([short.stdout, short.stderr]).toEqual([
      '0\n',
      `Reserved 1 GPU(s): [0] for PID ${one.pid} until it ends\n`,
    ])
    const { stdout } = await host.canhazgpu('reserve', '--json', '--adopt')
    expect(JSON.parse(stdout).reservation).toMatchObject({ type: 'run', gpu_ids: [1], pids: [two.pid] })
  })

  test('makes a waiter wait for the last of the processes, and no longer', async () => {
    const [one, two] = [job(), job()]
    use([one], [two])
    await host.canhazgpu('reserve', '--adopt')
    const waiter = host.start(['run', '-g', '4', '--wait', '--', 'echo', 'mine'])
    await until(async () => (await host.canhazgpu('queue')).stdout.includes('4 GPU(s)'))
    await one.kill()
    use([], [two])
    expect((await host.canhazgpu('queue')).stdout).toContain('2 of 4 missing')
    use()
    await two.kill()
    expect(await waiter.stdout.text()).toBe('mine\n')
  })

  test.each<[why: string, pids: () => string[], message: RegExp]>([
    [
      'a process uses no GPU',
      () => [String(job().pid)],
      /^Error: Cannot adopt: PID \d+ uses no GPU of the pool - run/,
    ],
    ['a process does not run', () => ['4194304'], /^Error: Cannot adopt: PID 4194304 is not running - run/],
    [
      'what is given is no pid',
      () => ['python'],
      /^Error: Invalid value for --pid: "python"\. Use process IDs/,
    ],
  ])('is refused when %s, and takes nothing', async (_, pids, message) => {
    const { status, stdout, stderr } = await host.canhazgpu('reserve', '--pid', ...pids())
    expect([1, 2]).toContain(Number(status))
    expect(stdout).toBe('')
    expect(stderr).toMatch(message)
    expect(await isFree(host)).toBe(true)
  })

  test('is refused when nothing is used without reservation', async () => {
    expect((await host.canhazgpu('reserve', '--adopt')).stderr).toBe(
      "Error: Cannot adopt: no process of yours uses a GPU without reservation - run 'canhazgpu status' for details\n",
    )
  })

  test('is refused for a process whose GPUs are reserved for its user already', async () => {
    await host.canhazgpu('reserve')
    const own = job()
    use([own])
    expect((await host.canhazgpu('reserve', '--pid', String(own.pid))).stderr).toBe(
      "Error: Cannot adopt: GPU(s) [0] are reserved for the same user already - run 'canhazgpu status' for details\n",
    )
    expect((await host.canhazgpu('reserve', '--adopt')).stderr).toContain('no process of yours')
  })

  test.each([
    [['-g', '2']],
    [['-G', '1']],
    [['--wait']],
    [['--duration', '2h']],
    [['--shell']],
    [['--pid', '1']],
  ])('does not go with %j', async args => {
    const { status, stderr } = await host.canhazgpu('reserve', '--adopt', ...args)
    expect(status).toBe(2)
    expect(stderr).toContain('do not go together: ')
  })

  test('takes nothing while nvidia-smi is sick', async () => {
    use([job()])
    host.nvidiaSmi.before('exit 9')
    expect((await host.canhazgpu('reserve', '--adopt')).status).toBe(1)
    host.nvidiaSmi.before(null)
    expect(await reserved()).toEqual([])
  })
})

describe.skipIf(!canMakeUsers)('with several users', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  test('nobody adopts what is another’s, or what another has reserved or uses', async () => {
    const [his, hers, shared] = [job(bob.uid), job(alice.uid), job(alice.uid)]
    use([his], [hers], [shared, his])
    const adopted = async (child: ChildProcess) =>
      (await host.canhazgpuAs(alice.uid, 'reserve', '--pid', String(child.pid))).stderr
    expect(await adopted(his)).toMatch(/^Error: Cannot adopt: PID \d+ belongs to chg-bob-\S+ - run/)
    expect(await adopted(shared)).toMatch(
      /^Error: Cannot adopt: GPU 2 is used by PID \d+ of chg-bob-\S+, too - run/,
    )
    use()
    await host.canhazgpuAs(bob.uid, 'reserve', '-g', '2')
    use([], [hers])
    expect(await adopted(hers)).toMatch(/^Error: Cannot adopt: GPU 1 is reserved by chg-bob-\S+ - run/)
    expect(await reserved()).toEqual([0, 1])
  })

  test('--adopt takes the caller’s own only', async () => {
    const [his, hers] = [job(bob.uid), job(alice.uid)]
    use([his], [hers])
    const { stdout } = await host.canhazgpuAs(alice.uid, 'reserve', '--adopt')
    expect(stdout).toBe(`Reserved 1 GPU(s): [1] for PID ${hers.pid} until it ends\n`)
    expect((await host.status())[1]).toContain('IN USE by chg-alice')
  })

  test('root adopts for a user, who is the holder; it ends with the process', async () => {
    const his = job(bob.uid)
    use([], [his])
    expect((await host.canhazgpu('reserve', '--pid', String(his.pid))).status).toBe(0)
    expect((await host.status())[1]).toContain('IN USE by chg-bob')
    await until(() => keepersOf(host).some(sleepsInPoll))
    await his.kill()
    use()
    await until(() => keepersOf(host).length === 0)
    // Its keeper, which is root's, has written the end down: a reservation that was only found to be over would be reclaimed.
    expect(await isFree(host)).toBe(true)
    const store = await openStore(host.storeUrl, 'read')
    const records = await store.usageRecords(0).finally(() => store.close())
    expect(records).toMatchObject([{ holder: { userName: bob.name }, ending: 'finished' }])
  })
})
