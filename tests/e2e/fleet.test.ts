import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import type { FakeGpu } from '../helpers/fake-nvidia-smi.ts'
import { FleetHost } from '../helpers/fleet-host.ts'
import { idleProcesses } from '../helpers/idle-processes.ts'
import { RedisServer } from '../helpers/redis-server.ts'
import { documentIn } from '../helpers/schema.ts'
import { until } from '../helpers/until.ts'
import { ownName } from '../helpers/users.ts'

const server = await RedisServer.start()
afterAll(() => server[Symbol.asyncDispose]())

const idleProcess = idleProcesses()
const hosts: FleetHost[] = []
const started: Bun.Subprocess[] = []
afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill('SIGKILL')
    await child.exited
  }
  for (const host of hosts.splice(0)) host[Symbol.dispose]()
  await server.cli('FLUSHALL')
})

async function join(name: string, gpus: readonly FakeGpu[] | number): Promise<FleetHost> {
  const host = await FleetHost.join(server, name, gpus)
  hosts.push(host)
  return host
}

/** Starts a run that goes on. */
async function startJob(host: FleetHost, ...options: string[]): Promise<void> {
  const job = host.start(['run', ...options, '--', 'sh', '-c', 'echo; exec sleep 600'])
  started.push(job)
  await job.stdout.getReader().read()
}

const general = (line: string) =>
  line.replace(/\d+h \d+m \d+s/g, 'T').replace(/validated \d+s ago/g, 'validated S ago')

async function linesOf(host: FleetHost, ...args: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await host.canhazgpu(...args)
  expect([status, stderr]).toEqual([0, ''])
  return stdout.trimEnd().split('\n').map(general)
}

describe('hosts that share a server', () => {
  test('see each other as each of them sees itself, once somebody there has looked', async () => {
    const intruder = idleProcess()
    const a = await join('a', [{ memoryUsed: 45 }, {}, { memoryUsed: 1024, apps: [{ pid: intruder }] }])
    const b = await join('b', 1)
    expect(await linesOf(b, 'status', '--host', 'a')).toEqual([
      'HOST a: 0/3 free, 3 not validated',
      'GPU 0: AVAILABLE [not validated]',
      'GPU 1: AVAILABLE [not validated]',
      'GPU 2: AVAILABLE [not validated]',
    ])
    await startJob(a, '--gpu-ids', '1', '--note', 'x')
    const job = `GPU 1: IN USE by ${ownName} for T (run, last heartbeat T ago)`
    const intrusion = `GPU 2: IN USE WITHOUT RESERVATION by user ${ownName} - 1024MB used by PID ${intruder} (python3)`
    expect(await linesOf(b, 'status', '--all')).toEqual([
      'HOST a: 1/3 free, 1 reserved, 1 in use without reservation',
      'GPU 0: AVAILABLE [validated S ago: 45MB used]',
      `${job} [validated S ago: no actual usage detected] - x`,
      intrusion,
      'HOST b: 0/1 free, 1 not validated',
      'GPU 0: AVAILABLE [not validated]',
    ])
    expect(await linesOf(a, 'status', '--host', 'a')).toEqual([
      'GPU 0: AVAILABLE [validated: 45MB used]',
      `${job} [validated: no actual usage detected] - x`,
      intrusion,
    ])
    await b.canhazgpu('status')
    expect((await linesOf(a, 'status', '--all', '--summary'))[1]).toBe('HOST b: 1/1 free')
  })

  test.each(['status', 'status --json', 'queue', 'run -- true', 'reserve', 'reserve --gpus 9'])(
    'hear what a probe has said by %s',
    async words => {
      const a = await join('a', 2)
      const args = words.split(' ')
      expect(await linesOf(a, 'status', '--all', '--summary')).toEqual(['HOST a: 0/2 free, 2 not validated'])
      await a.canhazgpu(...args)
      const { hosts } = documentIn((await a.canhazgpu('status', '--all', '--json')).stdout)
      expect(hosts).toMatchObject([{ is_validated: true, validated_seconds_ago: expect.any(Number) }])
    },
  )

  test('hear of GPUs that come free, when a command ends and when somebody releases', async () => {
    const [a, b] = [await join('a', 1), await join('b', 1)]
    const isFree = async () => (await linesOf(b, 'status', '--host', 'a'))[0] === 'HOST a: 1/1 free'
    await a.canhazgpu('run', '--', 'true')
    await until(isFree)
    for (const gpus of [[], ['--gpu-ids', '0']]) {
      await a.canhazgpu('reserve')
      expect(await isFree()).toBeFalse()
      await a.canhazgpu('release', ...gpus)
      await until(isFree)
    }
  })

  test('show lines, reports and logs of all', async () => {
    const [a, b] = [await join('a', 1), await join('b', 2)]
    await startJob(a)
    await b.canhazgpu('run', '--gpus', '2', '--', 'true')
    await until(async () => (await linesOf(b, 'log')).join().includes(' finished '))
    started.push(a.start(['run', '--wait', '--', 'true']))
    await until(
      async () => (await linesOf(b, 'status', '--all', '--summary'))[0]?.includes('1 waiting') ?? false,
    )
    expect((await linesOf(b, 'queue', '--all')).map(line => line.slice(0, 20))).toEqual([
      'HOST a: 1 waiting',
      `1. ${ownName} waits for 1 GPU(s)`.slice(0, 20),
    ])
    documentIn((await b.canhazgpu('queue', '--all', '--json')).stdout)
    const report = documentIn((await b.canhazgpu('report', '--all', '--json')).stdout)
    expect(report).toMatchObject({ hosts: ['a', 'b'], total: { runs: 2 } })
    const log = await linesOf(a, 'log', '--all')
    expect(log.map(line => line.split(/ +/).slice(2, 4))).toEqual([
      ['a', 'initialized'],
      ['b', 'initialized'],
      ['a', 'reserved'],
      ['b', 'reserved'],
      ['b', 'finished'],
      ['a', 'queued'],
    ])
  })
})

describe('the pool of another machine', () => {
  /** Makes a host's pool, and all that is in it, another machine's. */
  async function moveElsewhere(name: string): Promise<void> {
    const key = `canhazgpu:{${name}}:pool`
    for (const field of ['pool', 'machine']) {
      const text = (await server.cli('HGET', key, field)).trim()
      const id = /"id":"\w*","bootId"/
      const elsewhere = text.replace(/"bootId":"\w/g, '"bootId":"x').replace(id, '"id":"x","bootId"')
      await server.cli('HSET', key, field, elsewhere)
    }
  }

  test('is not judged by the processes and GPUs that are seen here', async () => {
    const [a, b] = [await join('a', 1), await join('b', 2)]
    await startJob(b)
    await moveElsewhere('b')
    for (const words of ['status', 'queue', 'reserve', 'release']) {
      const { status, stdout, stderr } = await b.canhazgpu(words)
      expect([status, stdout]).toEqual([1, ''])
      expect(stderr).toStartWith('Error: The pool of host b belongs to another machine')
    }
    const doctor = await b.canhazgpu('doctor')
    expect(doctor.stdout).toMatch(/^problem +store: The pool of host b belongs to another machine/m)
    expect(doctor.stdout).not.toContain('is dead')
    expect((await linesOf(a, 'status', '--host', 'b'))[1]).toContain('(run, last heartbeat')
    expect((await linesOf(a, 'log', '--host', 'b')).at(-1)).toContain(' reserved ')
  })

  test('is not moved from here, and nothing half arrived is left behind', async () => {
    const a = await join('a', 1)
    await moveElsewhere('a')
    const to = `sqlite:${a.directory.path}/moved/pool.db`
    const { status, stderr } = await a.canhazgpu('migrate', '--to', to)
    expect([status, stderr]).toEqual([1, expect.stringContaining('belongs to another machine')])
    const there = await a.canhazgpu('--store', to, 'status')
    expect(there.stderr).toStartWith('Error: The pool has moved to redis')
  })
})

test('a host that gets another name keeps its history, and none of it counts twice', async () => {
  const a = await join('a', 1)
  await a.canhazgpu('run', '--', 'true')
  await until(async () => (await linesOf(a, 'log')).join().includes(' finished '))
  const moved = await a.canhazgpu('migrate', '--to', server.url('renamed'))
  expect([moved.status, moved.stderr]).toEqual([0, ''])
  const report = documentIn((await a.canhazgpu('report', '--all', '--json')).stdout)
  expect(report).toMatchObject({ hosts: ['renamed'], total: { runs: 1 } })
  const log = await linesOf(a, 'log', '--all')
  expect(log.map(line => line.split(/ +/)[2])).not.toContain('a')
  expect(log.filter(line => line.includes(' finished '))).toHaveLength(1)
})

describe('run --on', () => {
  test('runs it there, with its options and every byte of its words, and ends as it does', async () => {
    const [a, b] = [await join('a', 1), await join('b', 2)]
    a.sshTo([b])
    const script = `"$C" run --on b -g 2 --note "it's" -- bash -c 'printf "%s|" "$CUDA_VISIBLE_DEVICES" "$@"; cat; exit 7' x $'\\'"\\\\ \\n!$HOME' $'\\xff' '' <<<in`
    const { status, stdout, stderr } = await a.shell(script)
    expect([status, stderr]).toEqual([7, 'Running on b\nReserved 2 GPU(s): [0, 1]\n'])
    expect(stdout).toBe('0,1|\'"\\ \n!$HOME|\ufffd||in\n')
    const log = await linesOf(b, 'log')
    expect(log.filter(line => line.includes(' reserved '))[0]).toEndWith("GPU(s) [0, 1] - it's")
  })

  test.each(['bash', 'zsh', 'fish', 'tcsh'])('means the same to a login shell that is %s', async shell => {
    const [a, b] = [await join('a', 1), await join('b', 1)]
    a.sshTo([b], shell)
    const { stdout } = await a.shell(`"$C" run --on b -- printf '%s|' "it's" '\\' '$HOME' '=ls' '*' $'a\\nb'`)
    expect(stdout).toBe("it's|\\|$HOME|=ls|*|a\nb|")
  })

  test('tells ssh the name and one line, and asks for no terminal where there is none', async () => {
    const [a, b] = [await join('a', 1), await join('b', 1)]
    a.sshTo([b])
    await a.canhazgpu('run', '--on', 'b', '--', 'true')
    expect(a.sshCalls).toEqual(['b canhazgpu\\ run\\ --no-on\\ --no-anywhere\\ --\\ true'])
  })

  test('runs it here where that is the own host, also where there are no others', async () => {
    const a = await join('a', 1)
    const { status, stderr } = await a.canhazgpu('run', '--on', 'a', '--', 'true')
    expect([status, stderr]).toEqual([0, 'Reserved 1 GPU(s): [0]\n'])
  })

  test('goes nowhere but to hosts that are known', async () => {
    const a = await join('a', 1)
    a.sshTo([])
    for (const name of ['c', '-oProxyCommand=id', 'a b']) {
      const { status, stderr } = await a.canhazgpu('run', `--on=${name}`, '--', 'true')
      expect([status, stderr]).toEqual([1, `Error: No host ${name} has a pool here. Use one of a\n`])
    }
    expect(a.sshCalls).toEqual([])
  })

  test('is not sent on by what is set over there', async () => {
    const [a, b] = [await join('a', 1), await join('b', 1)]
    const elsewhere = new FleetHost(server, 'b', 1)
    hosts.push(elsewhere)
    Object.assign(elsewhere.env, { CANHAZGPU_RUN_ON: 'a' })
    a.sshTo([elsewhere])
    const { status, stderr } = await a.canhazgpu('run', '--on', 'b', '--', 'true')
    expect([status, stderr]).toEqual([0, 'Running on b\nReserved 1 GPU(s): [0]\n'])
    expect(b.sshCalls).toEqual([])
  })

  test('ends as ssh does when the host cannot be reached', async () => {
    const [a] = [await join('a', 1), await join('b', 1)]
    a.sshTo([])
    const { status, stderr } = await a.canhazgpu('run', '--on', 'b', '--', 'true')
    expect([status, stderr]).toEqual([255, 'Running on b\nssh: Could not resolve hostname b\n'])
  })

  test('is given up where there is no ssh', async () => {
    const [a] = [await join('a', 1), await join('b', 1)]
    const bare = { ...a.env, PATH: a.nvidiaSmi.directory }
    const { status, stderr } = await a.shell('PATH=$BARE "$C" run --on b -- true', {
      env: { BARE: bare.PATH },
    })
    expect([status, stderr]).toEqual([
      127,
      'Running on b\nError: Command not found: ssh. Nothing was reserved; check the spelling and PATH\n',
    ])
  })
})

describe('run --anywhere', () => {
  test('stays here where that is possible, also with a time limit', async () => {
    const [a, b] = [await join('a', 1), await join('b', 1)]
    for (const host of [a, b]) await host.canhazgpu('status')
    a.sshTo([b])
    for (const more of [[], ['--timeout', '1m']]) {
      const { status, stderr } = await a.canhazgpu('run', '--anywhere', ...more, '--', 'true')
      expect([status, stderr]).toEqual([0, 'Reserved 1 GPU(s): [0]\n'])
      await until(async () => (await a.status())[0]?.startsWith('GPU 0: AVAILABLE') ?? false)
    }
    expect(a.sshCalls).toEqual([])
  })

  test('goes to the best of the others', async () => {
    const [a, b, c] = [await join('a', 1), await join('b', 3), await join('c', 2)]
    for (const host of [a, b, c]) await host.canhazgpu('status')
    a.sshTo([b, c])
    const { stdout } = await a.canhazgpu('run', '--anywhere', '-g2', '--', 'printenv', 'CANHAZGPU_HOST')
    expect(stdout).toBe('c\n')
    // Its keeper has somebody look at what has come free, for the others.
    await until(async () => (await linesOf(a, 'status', '--all', '--summary')).includes('HOST c: 2/2 free'))
    expect((await linesOf(a, 'find', '-g2')).at(-1)).toBe('ssh c canhazgpu run --gpus 2 -- COMMAND')
  })

  test('says so when there is none', async () => {
    const a = await join('a', 2)
    await a.canhazgpu('reserve')
    const { status, stderr } = await a.canhazgpu('run', '--anywhere', '-g2', '--', 'true')
    expect([status, stderr]).toEqual([
      75,
      "Error: No host could give 2 GPU(s) now: a could give 1 - run 'canhazgpu status --all --summary' for details\n",
    ])
    expect((await a.canhazgpu('run', '--anywhere', '-g3', '--', 'true')).status).toBe(1)
  })

  test('asks for no certain GPUs', async () => {
    const a = await join('a', 2)
    expect((await a.canhazgpu('run', '--anywhere', '-G1', '--', 'true')).status).toBe(2)
  })
})
