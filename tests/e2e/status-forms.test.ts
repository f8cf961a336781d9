import { describe, expect, test } from 'bun:test'
import { openStore } from '../../src/store/open.ts'
import { Host } from '../helpers/host.ts'
import { endedProcess, idleProcesses } from '../helpers/idle-processes.ts'
import { aManual, DAY, HOUR } from '../helpers/pools.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

const idleProcess = idleProcesses()

test('an available GPU shows its memory only when some is used, and its release only when it ever was', async () => {
  using host = await Host.withPool([{ memoryUsed: 0 }, { memoryUsed: 45 }, { memoryUsed: 100 }])
  await host.canhazgpu('reserve', '--gpus', '2')
  await host.canhazgpu('release')
  const [first, second, third] = await host.status()
  expect(first).toMatch(/^GPU 0: AVAILABLE \(last released 0h 0m \d+s ago\)$/)
  expect(second).toMatch(/^GPU 1: AVAILABLE \(last released 0h 0m \d+s ago\) \[validated: 45MB used\]$/)
  expect(third).toBe('GPU 2: AVAILABLE [validated: 100MB used]')
})

test('a reserved GPU shows what is really on it', async () => {
  const [one, two] = [idleProcess(), idleProcess()]
  using host = await Host.withPool(3)
  await host.canhazgpu('reserve', '--gpus', '3', '--duration', '1d')
  host.nvidiaSmi.show([
    {},
    { memoryUsed: 8452, apps: [{ pid: one }] },
    {
      memoryUsed: '[N/A]',
      apps: [
        { pid: one, memory: '[N/A]' },
        { pid: two, memory: '[N/A]' },
      ],
    },
  ])
  const held = /^GPU \d: IN USE by \S+ for 0h 0m \d+s \(manual, expires in 23h 59m \d+s\) /
  const lines = await host.status()
  expect(lines.every(line => held.test(line))).toBe(true)
  expect(lines.map(line => line.replace(held, ''))).toEqual([
    '[validated: no actual usage detected]',
    '[validated: 8452MB, 1 processes]',
    '[validated: memory unknown, 2 processes]',
  ])
})

test('a duration goes on in hours beyond a day', async () => {
  using host = await Host.withPool(1)
  const now = Date.now()
  const store = await openStore(host.storeUrl, 'write')
  await store.update(() => ({
    changes: [
      {
        kind: 'add',
        reservation: aManual({ reservedAt: now - 3 * DAY, expiresAt: now + 100 * DAY + HOUR }),
      },
    ],
    result: undefined,
  }))
  store.close()
  expect((await host.status())[0]).toMatch(/ for 72h 0m \d+s \(manual, expires in 2400h 59m \d+s\) /)
})

describe('a GPU of the pool that nvidia-smi does not report, or cannot read', () => {
  test.each([
    ['its row is missing', [{}, {}]],
    ['its row says that it is lost', [{}, {}, { uuid: '[Unknown Error]', memoryUsed: '[Unknown Error]' }]],
    ['its processes are not told', [{}, {}, { apps: [{ pid: '[Unknown Error]', memory: '[N/A]' }] }]],
  ])('is unavailable when %s', async (_name, gpus) => {
    using host = await Host.withPool(3)
    host.nvidiaSmi.show(gpus)
    expect(await host.canhazgpu('status')).toMatchObject({
      status: 0,
      stdout: 'GPU 0: AVAILABLE\nGPU 1: AVAILABLE\nGPU 2: UNAVAILABLE (not reported by nvidia-smi)\n',
      stderr: '',
    })
  })

  test('keeps its line when it is reserved', async () => {
    using host = await Host.withPool(2)
    await host.canhazgpu('reserve', '--gpus', '2')
    host.nvidiaSmi.idle(1)
    const lines = await host.status()
    expect(lines[0]).toEndWith(') [validated: no actual usage detected]')
    expect(lines[1]).toMatch(
      /^GPU 1: IN USE by \S+ for \S+ \S+ \S+ \(manual, .*\) \[not validated: not reported by nvidia-smi\]$/,
    )
  })
})

describe.skipIf(!canMakeUsers)('unreserved use', () => {
  const users = makeUsers('alice', 'bob', 'carol')
  const [alice, bob, carol] = users

  /** What status says of GPU 0 with these processes on it, after `by `. */
  async function use(memoryUsed: number | string, ...pids: number[]): Promise<string> {
    using host = await Host.withPool([{ memoryUsed, apps: pids.map(pid => ({ pid })) }])
    const [line = ''] = await host.status()
    expect(line).toStartWith('GPU 0: IN USE WITHOUT RESERVATION by ')
    return line.slice('GPU 0: IN USE WITHOUT RESERVATION by '.length)
  }

  test('names one user', async () => {
    const pid = idleProcess(alice)
    expect(await use(1024, pid)).toBe(`user ${alice.name} - 1024MB used by PID ${pid} (python3)`)
  })

  test('names two users and two processes', async () => {
    const [one, two] = [idleProcess(bob), idleProcess(alice)]
    expect(await use(1024, one, two)).toBe(
      `users ${alice.name} and ${bob.name} - 1024MB used by PID ${one} (python3), PID ${two} (python3)`,
    )
  })

  test('names three users, two processes, and counts the others', async () => {
    const pids = [...users, alice].map(idleProcess)
    expect(await use(1024, ...pids)).toBe(
      `users ${alice.name}, ${bob.name} and ${carol.name} - 1024MB used by PID ${pids[0]} (python3), PID ${pids[1]} (python3) and 2 more`,
    )
  })

  test('has an unknown user last, for a process that is gone', async () => {
    const [pid, gone] = [idleProcess(carol), await endedProcess()]
    expect(await use(1024, gone, pid)).toBe(
      `users ${carol.name} and unknown - 1024MB used by PID ${gone} (python3), PID ${pid} (python3)`,
    )
    expect(await use(1024, gone)).toBe(`unknown - 1024MB used by PID ${gone} (python3)`)
  })

  test('is by unknown when memory is used and no process is seen', async () => {
    expect(await use(500)).toBe('unknown - 500MB used')
  })

  test('shows a uid that has no name', async () => {
    const pid = idleProcess({ uid: 4999 })
    expect(await use(1024, pid)).toBe(`user uid 4999 - 1024MB used by PID ${pid} (python3)`)
  })

  test('is seen by every user alike', async () => {
    const pid = idleProcess(alice)
    using host = await Host.withPool([{ memoryUsed: 1024, apps: [{ pid }] }])
    const { stdout } = await host.canhazgpuAs(bob.uid, 'status')
    expect(stdout).toBe(`${(await host.status())[0]}\n`)
    expect(stdout).toContain(`by user ${alice.name} - `)
  })
})
