import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { shellWord } from '../../src/cli/output/shell-word.ts'
import { Host } from '../helpers/host.ts'
import { RedisServer } from '../helpers/redis-server.ts'
import { documentIn } from '../helpers/schema.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

const server = await RedisServer.start()
afterAll(() => server[Symbol.asyncDispose]())
const [alice, bob] = makeUsers('alice', 'bob')

/** Many commands one after the other, on a machine that may have other things to do. */
const PATIENT_MS = 120_000

const started: Bun.Subprocess[] = []
afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill('SIGKILL')
    await child.exited
  }
  await server.cli('FLUSHALL')
})

/** Where pools move to in these tests; each is tried. */
const PLACES: [name: string, urlOn: (host: Host) => string][] = [
  ['a server', () => server.url('here')],
  ['another file', host => `sqlite:${join(host.directory.path, 'other', 'pool.db')}`],
]

async function startJob(host: Host, options: string[] = [], uid?: number) {
  const words = ['run', ...options, '--', 'sh', '-c', 'echo; exec sleep 600']
  const job = host.start(words, uid === undefined ? {} : { uid })
  started.push(job)
  await job.stdout.getReader().read()
  return job
}

const statusAt = async (host: Host, url: string) =>
  (await host.canhazgpu('--store', url, 'status')).stdout.split('\n').slice(0, -1)

async function reportAt(host: Host, url: string) {
  const { rows, total } = documentIn((await host.canhazgpu('--store', url, 'report', '--json')).stdout)
  return { rows, total } as { rows: unknown[]; total: { runs: number } }
}

describe.each(PLACES)('a pool that moves to %s', (_, urlOn) => {
  test('takes reservations, records and events with it, and its runs go on and are kept', async () => {
    using host = await Host.withPool(4)
    const [from, to] = [host.env.CANHAZGPU_STORE ?? '', urlOn(host)]
    await host.canhazgpu('run', '--', 'true')
    await host.canhazgpu('reserve', '--note', 'x')
    await host.canhazgpu('admin', '--drain', '3')
    const job = await startJob(host, ['--timeout', '1h'])
    const before = (await statusAt(host, from)).map(withoutTimes)
    const { gpus } = documentIn((await host.canhazgpu('status', '--json')).stdout)
    const id = (gpus as { reservation: { id: string } | null }[])[2]?.reservation?.id

    const { status, stdout, stderr } = await host.canhazgpu('migrate', '--to', to)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`Moved 4 GPUs, 2 reservation(s), `)
    expect((await statusAt(host, to)).map(withoutTimes)).toEqual(before)
    expect((await reportAt(host, to)).total.runs).toBe(2)
    const log = (await host.canhazgpu('--store', to, 'log')).stdout
    expect(log).toContain(' initialized ')
    expect(log).toContain(`: from ${from}`)

    for (const words of [
      ['status'],
      ['run', '--', 'true'],
      ['reserve'],
      ['admin', '--gpus', '4', '--force'],
    ]) {
      const refused = await host.canhazgpu(...words)
      expect([refused.status, refused.stderr]).toEqual([
        1,
        `Error: The pool has moved to ${to}. Use --store ${shellWord(to)}, or set it in /etc/canhazgpu/config.toml\n`,
      ])
    }
    // The new keeper sees the end, and writes it down where the pool is now.
    job.kill('SIGKILL')
    await until(async () => (await endings(host, to)).length === 2)
    expect((await statusAt(host, to)).join('\n')).not.toContain('(run,')
    // The old one has nothing left to do, either.
    await until(async () => !(await host.shell('ps axww -o args')).stdout.includes(`reservation=${id}`))
  })

  test(
    'comes back',
    async () => {
      using host = await Host.withPool(2)
      const [from, to] = [host.env.CANHAZGPU_STORE ?? '', urlOn(host)]
      await host.canhazgpu('run', '--', 'true')
      await until(async () => (await endings(host, from)).includes('finished'))
      await host.canhazgpu('migrate', '--to', to)
      await host.canhazgpu('--store', to, 'run', '--', 'true')
      await host.canhazgpu('--store', to, 'reserve')
      await until(async () => (await endings(host, to)).length === 2)
      const back = await host.canhazgpu('--store', to, 'migrate', '--to', from)
      expect([back.status, back.stderr]).toEqual([0, ''])
      expect((await reportAt(host, from)).total.runs).toBe(2)
      expect((await statusAt(host, from)).join('\n')).toContain('(manual,')
      expect((await host.canhazgpu('--store', to, 'status')).stderr).toContain('has moved to')
      // And once more there.
      expect((await host.canhazgpu('migrate', '--to', to)).status).toBe(0)
      expect((await reportAt(host, to)).total.runs).toBe(2)
    },
    PATIENT_MS,
  )

  test(
    'arrives whole, and is never at work in two places, however often its mover is killed',
    async () => {
      using host = await Host.withPool(3)
      const [from, to] = [host.env.CANHAZGPU_STORE ?? '', urlOn(host)]
      for (let n = 0; n < 3; n++) await host.canhazgpu('run', '--', 'true')
      await startJob(host)
      await until(async () => (await endings(host, from)).length === 3)
      const canReserve = async (url: string) => {
        const { status } = await host.canhazgpu('--store', url, 'reserve', '--duration', '1h', '--short')
        if (status === 0) await host.canhazgpu('--store', url, 'release')
        return status === 0
      }
      for (let ms = 0; ms < 60; ms += 4) {
        const mover = host.start(['migrate', '--to', to])
        await Bun.sleep(ms)
        mover.kill('SIGKILL')
        await mover.exited
        const atWork = [await canReserve(from), await canReserve(to)]
        expect(atWork.filter(Boolean).length).toBeLessThanOrEqual(1)
      }
      const { status, stderr } = await host.canhazgpu('migrate', '--to', to)
      if (status !== 0) expect(stderr).toContain(`The pool has moved to ${to}`)
      expect([await canReserve(from), await canReserve(to)]).toEqual([false, true])
      expect((await reportAt(host, to)).total.runs).toBe(4)
      expect((await statusAt(host, to)).filter(line => line.includes('(run,'))).toHaveLength(1)
    },
    PATIENT_MS,
  )
})

test('a GPU is handed out once, however many ask for it in both places while it moves', async () => {
  using host = await Host.withPool(1)
  const [from, to] = [host.env.CANHAZGPU_STORE ?? '', server.url('here')]
  const crowd = Array.from({ length: 24 }, async (_, n) => {
    await Bun.sleep(n * 4)
    if (n === 8) return (await host.canhazgpu('migrate', '--to', to)).status === 0 ? 'moved' : 'not moved'
    const { status, stderr } = await host.canhazgpu('--store', n % 2 ? from : to, 'reserve')
    if (status !== 0 && !stderr.startsWith('Error: ')) throw new Error(stderr)
    return status === 0 ? 'granted' : 'refused'
  })
  const answers = await Promise.all(crowd)
  expect(answers.filter(answer => answer === 'granted')).toHaveLength(1)
  expect(answers).toContain('moved')
  expect((await statusAt(host, to))[0]).toContain('(manual,')
})

test('the hint for the configuration names a host only where somebody has named it', async () => {
  using host = await Host.withPool(1)
  const named = server.url('here')
  const plain = named.replace('?host=here', '')
  const [from, as] = [host.env.CANHAZGPU_STORE ?? '', ['--host', 'there']]
  for (const [words, to, hint] of [
    [[], named, named],
    [[], plain, plain],
    [as, plain, `${plain}?host=there`],
  ] as const) {
    const { stdout, stderr } = await host.canhazgpu(...words, 'migrate', '--to', to)
    expect([stderr, stdout.split('\n')[1]]).toEqual([
      '',
      `From now on: --store ${shellWord(hint)}, or store = "${hint}" in /etc/canhazgpu/config.toml`,
    ])
    expect((await host.canhazgpu('--store', hint, 'migrate', '--to', from)).status).toBe(0)
  }
})

test('a pool moves from one server to another', async () => {
  using host = await Host.withPool(1)
  await using second = await RedisServer.start()
  const urls = [server.url('here'), second.url('here'), host.env.CANHAZGPU_STORE ?? '']
  await host.canhazgpu('reserve')
  let from = urls.at(-1) ?? ''
  for (const to of urls) {
    const { status, stderr } = await host.canhazgpu('--store', from, 'migrate', '--to', to)
    expect([status, stderr]).toEqual([0, ''])
    expect((await statusAt(host, to))[0]).toContain('(manual,')
    from = to
  }
  expect((await host.canhazgpu('release')).stdout).toBe('Released 1 GPU(s): [0]\n')
})

test('a move that was interrupted can be given up', async () => {
  using host = await Host.withPool(2)
  const to = server.url('here')
  const from = host.env.CANHAZGPU_STORE ?? ''
  // What cannot be read there is found when the history is copied: half-way.
  await server.cli('XADD', 'canhazgpu:{here}:records', '*', 'at', '99999999999999', 'record', 'garbage')
  const failed = await host.canhazgpu('migrate', '--to', to)
  expect(failed.status).toBe(1)
  expect(failed.stderr).toContain(
    'The pool is on its way, and nothing is handed out. Run the same command again',
  )
  for (const store of [from, to]) {
    const refused = await host.canhazgpu('--store', store, 'reserve')
    expect([refused.status, refused.stdout]).toEqual([75, ''])
    expect(refused.stderr).toContain('nothing is handed out')
  }
  expect((await host.canhazgpu('doctor')).stdout).toMatch(/^problem {2}store: The pool is moving to redis/m)
  await server.cli('DEL', 'canhazgpu:{here}:records')
  const { status, stdout } = await host.canhazgpu('migrate', '--to', to, '--undo')
  expect([status, stdout]).toEqual([0, `The pool stays at ${from}\n`])
  expect((await host.canhazgpu('--store', to, 'status')).stderr).toContain(`has moved to ${from}`)
  expect((await host.canhazgpu('migrate', '--to', to, '--undo')).stdout).toBe('Nothing was on the move\n')
  expect((await host.canhazgpu('reserve')).status).toBe(0)
  expect((await host.canhazgpu('migrate', '--to', to)).status).toBe(0)
  expect((await host.canhazgpu('migrate', '--to', to, '--undo')).stderr).toStartWith(
    `Error: Cannot move the pool: it is at ${to} already`,
  )
})

test('a line is not moved, and its requests go on to wait', async () => {
  using host = await Host.withPool(1)
  await host.canhazgpu('reserve')
  started.push(host.start(['run', '--wait', '--', 'true']))
  await until(async () => (await host.canhazgpu('queue')).stdout.startsWith('1.'))
  const { status, stderr } = await host.canhazgpu('migrate', '--to', server.url('here'))
  expect([status, stderr]).toEqual([
    75,
    "Error: Cannot move the pool: 1 request is waiting in line and would lose their place. Try again when nobody waits - run 'canhazgpu queue' for details\n",
  ])
  expect((await host.canhazgpu('queue')).stdout).toStartWith('1.')
})

test('a password goes by a file or a variable, and stands neither in the pool nor on a command line', async () => {
  using host = await Host.withPool(1)
  await using guarded = await RedisServer.startOnPort()
  await guarded.cli('ACL', 'SETUSER', 'gpu', 'on', '>secret', '~*', '&*', '+@all')
  await startJob(host)
  const url = `redis://gpu:secret@127.0.0.1:${guarded.port}/0?host=here`
  const typed = await host.canhazgpu('migrate', '--to', url)
  expect(typed.status).toBe(2)
  const file = join(host.directory.path, 'store')
  writeFileSync(file, `${url}\n`, { mode: 0o600 })
  const { status, stdout, stderr } = await host.canhazgpu('migrate', '--to-file', file)
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toContain(`From now on: --store-file ${file}`)
  const told = stdout + (await host.canhazgpu('status')).stderr
  expect(told).toContain('redis://gpu@127')
  expect(told).toContain('Use --store-file FILE, ')
  expect(told).not.toContain('secret')
  expect((await host.shell('ps axww -o args')).stdout).not.toContain('secret')
  expect((await host.canhazgpu('--store-file', file, 'status')).stdout).toContain('(run,')
})

test.each([
  [['migrate'], 2, 'Missing option --to'],
  [['migrate', '--to', 'x'], 2, 'Invalid store'],
  [['migrate', '--to', 'SAME'], 1, 'Cannot move the pool: it is there already'],
] as const)('%j is refused', async (words, status, message) => {
  using host = await Host.withPool(1)
  const same = host.env.CANHAZGPU_STORE ?? ''
  const refused = await host.canhazgpu(...words.map(word => (word === 'SAME' ? same : word)))
  expect(refused.status).toBe(status)
  expect(refused.stderr).toContain(message)
  expect((await host.canhazgpu('status')).status).toBe(0)
})

describe.skipIf(!canMakeUsers)('of several users', () => {
  test('only the owner of a pool moves it, with the runs of others only as root', async () => {
    using host = await Host.withPool(2)
    const byBob = await host.canhazgpuAs(bob.uid, 'migrate', '--to', server.url('here'))
    expect([byBob.status, byBob.stderr]).toEqual([1, expect.stringContaining('may move the pool')])
    const job = await startJob(host, [], alice.uid)
    expect((await host.canhazgpu('migrate', '--to', server.url('here'))).status).toBe(0)
    const to = server.url('here')
    expect((await statusAt(host, to))[0]).toContain(`IN USE by ${alice.name}`)
    job.kill('SIGKILL')
    await until(async () => (await endings(host, to)).includes('finished'))
  })
})

function withoutTimes(line: string): string {
  return line.replace(/\d+h \d+m \d+s/g, 'T')
}

/** How the runs in a pool have ended. */
async function endings(host: Host, url: string): Promise<string[]> {
  const { stdout } = await host.canhazgpu('--store', url, 'log', '--json', '-n', '100')
  return stdout
    .split('\n')
    .filter(Boolean)
    .map(line => (JSON.parse(line) as { event: string }).event)
    .filter(event => event === 'finished' || event === 'reclaimed')
}
