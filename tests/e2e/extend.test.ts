import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { outcome } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

let host: Host
beforeEach(async () => {
  host = await Host.withPool(3)
})
afterEach(() => host[Symbol.dispose]())

/** What `status` says that each GPU has left, to the minute. */
async function left(): Promise<(string | undefined)[]> {
  return (await host.status()).map(line => /expires in (\d+h \d+m)/.exec(line)?.[1])
}

describe('extend', () => {
  test('adds an hour to all manual reservations of its user, and tells what ends when', async () => {
    await host.canhazgpu('reserve', '--gpus', '2', '--duration', '90m')
    await host.canhazgpu('reserve', '--duration', '10h')
    const { status, stdout, stderr } = await host.canhazgpu('extend')
    expect([status, stderr]).toEqual([0, ''])
    const clock = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`
    expect(stdout).toMatch(
      new RegExp(
        String.raw`^Extended 2 GPU\(s\): \[0, 1\] by 1h 0m 0s \(until ${clock}, in 2h 29m \d+s\)\n` +
          String.raw`Extended 1 GPU\(s\): \[2\] by 1h 0m 0s \(until ${clock}, in 10h 59m \d+s\)\n$`,
      ),
    )
    expect(await left()).toEqual(['2h 29m', '2h 29m', '10h 59m'])
  })

  test('takes a duration before and behind its options, and with --gpu-ids only what these are in', async () => {
    await host.canhazgpu('reserve', '--gpus', '2', '--duration', '90m')
    await host.canhazgpu('reserve', '--duration', '10h')
    expect((await host.canhazgpu('extend', '2h', '-G', '1')).stdout).toStartWith('Extended 2 GPU(s): [0, 1]')
    expect((await host.canhazgpu('extend', '--gpu-ids=2', '30m')).stdout).toStartWith(
      'Extended 1 GPU(s): [2]',
    )
    expect(await left()).toEqual(['3h 29m', '3h 29m', '10h 29m'])
  })

  test.each([
    [['2'], 2, 'Invalid duration: "2". Use one from 1s to 365d, for example canhazgpu extend 2h'],
    [['366d'], 2, 'Invalid duration: "366d". Use one from 1s to 365d, for example canhazgpu extend 2h'],
    [
      ['1h', '2h'],
      2,
      "Unexpected argument: 2h. 'extend' takes options and [DURATION]; see 'canhazgpu extend --help'",
    ],
    [
      [],
      1,
      "No manually reserved GPUs found for current user, so there is nothing to extend. Use 'canhazgpu reserve'",
    ],
  ])('%j is refused in one line', async (args, status, message) => {
    expect(await host.canhazgpu('extend', ...args)).toMatchObject({
      status,
      stdout: '',
      stderr: `Error: ${message}\n`,
    })
  })

  test('is refused when it would delay a request that waits, and works again when that has left', async () => {
    await host.canhazgpu('reserve', '--gpus', '3', '--duration', '1h')
    const waiter = host.start(['run', '--wait', '--', 'true'])
    try {
      await until(async () => (await host.canhazgpu('queue')).stdout.includes('1 GPU(s)'))
      expect(await host.canhazgpu('extend')).toMatchObject({
        status: 75,
        stdout: '',
        stderr:
          "Error: Cannot extend: 1 request that waits for these GPUs could start later. The end stays as it is - run 'canhazgpu queue' for details\n",
      })
      expect(await left()).toEqual(['0h 59m', '0h 59m', '0h 59m'])
    } finally {
      waiter.kill('SIGKILL')
      await waiter.exited
    }
    expect((await host.canhazgpu('extend')).status).toBe(0)
  })

  test('lets a reservation that was extended outlive its first end', async () => {
    await host.canhazgpu('reserve', '--duration', '1s')
    await host.canhazgpu('extend', '1h')
    await host.canhazgpu('reserve', '--duration', '1s')
    // The second, made later, is over: so the first end of the first is, too.
    await until(async () => (await host.status())[1]?.includes('AVAILABLE') ?? false)
    expect((await host.status())[0]).toContain('manual, expires in 0h 59m')
  })
})

describe.skipIf(!canMakeUsers)('with several users', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  test('nobody extends what is another’s', async () => {
    await host.canhazgpuAs(alice.uid, 'reserve', '--duration', '1h')
    await host.canhazgpuAs(bob.uid, 'reserve', '--duration', '1h')
    expect(await host.canhazgpuAs(bob.uid, 'extend', '-G', '0,1')).toMatchObject({
      status: 1,
      stderr:
        "Error: GPU(s) [0] are in no manual reservation of yours. Run 'canhazgpu status' to see whose they are\n",
    })
    await host.canhazgpuAs(bob.uid, 'extend')
    expect(await left()).toEqual(['0h 59m', '1h 59m', undefined])
  })
})

describe('reserve --until', () => {
  test('ends when the local clock shows that time', async () => {
    const time = `${new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10)} 08:00`
    const { stdout } = await outcome(host.start(['reserve', '--until', time], { env: { TZ: 'JST-9' } }))
    expect(stdout).toContain(`(until ${time}:00)\n`)
    const [, hours] = /expires in (\d+)h/.exec((await host.status())[0] ?? '') ?? []
    const ends = Date.parse(`${time.replace(' ', 'T')}:00+09:00`)
    expect(Number(hours)).toBeWithin(Math.floor((ends - Date.now()) / 3_600_000), 49)
  })

  test.each([
    [
      ['--until', '18:00', '--duration', '2h'],
      '--until and --duration do not go together: both say when it ends. Use one of the two',
    ],
    [
      ['--until', '2020-01-01 08:00'],
      'Invalid value for --until: the local clock will not show that time. Use a later one, for example --until 18:00',
    ],
    [
      ['--until', '2199-01-01 08:00'],
      'Invalid value for --until: it is more than 365d away. Use an earlier one',
    ],
    [
      ['--until', 'noon'],
      `Invalid value for --until: "noon". Use a time on the local clock, 'tomorrow 8:00' or '2026-11-25 08:00', for example --until 18:00`,
    ],
  ])('%j is refused in one line, and takes nothing', async (args, message) => {
    expect(await host.canhazgpu('reserve', ...args)).toMatchObject({
      status: 2,
      stderr: `Error: ${message}\n`,
    })
    expect((await host.status()).join()).not.toContain('IN USE')
  })

  test('puts aside a duration that was set for other days', async () => {
    const env = { CANHAZGPU_RESERVE_DURATION: '3h', TZ: 'UTC' }
    const { status } = await outcome(host.start(['reserve', '--until', '23:59:59'], { env }))
    expect(status).toBe(0)
  })

  test('with --wait gives up when that time has come', async () => {
    await host.canhazgpu('reserve', '--gpus', '3')
    const at = new Date(Date.now() + 2000).toISOString().slice(11, 19)
    const { status, stderr } = await outcome(
      host.start(['reserve', '--until', at, '--wait'], { env: { TZ: 'UTC' } }),
    )
    expect(status).toBe(75)
    expect(stderr).toContain('Gave up after waiting')
    expect((await host.canhazgpu('queue')).stdout).toBe('Nobody is waiting\n')
  })
})
