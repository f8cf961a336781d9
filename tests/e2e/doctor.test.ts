import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, chownSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Reservation } from '../../src/core/pool.ts'
import { openStore } from '../../src/store/open.ts'
import { canhazgpu, executable, outcome, start } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { idleProcesses } from '../helpers/idle-processes.ts'
import { changeBehindItsBack, contentsOf } from '../helpers/pool-files.ts'
import { aRun, HOUR } from '../helpers/pools.ts'
import { Running } from '../helpers/running.ts'
import { SICKNESSES, whileSick } from '../helpers/sick-nvidia-smi.ts'
import { canMount, SmallFileSystem } from '../helpers/small-file-system.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

const CHECKS = [
  'driver',
  'GPUs',
  'persistence mode',
  'MIG',
  'index order',
  '/proc',
  'store',
  'schema',
  'clock',
  'unreserved use',
  'reservations',
]

let host: Host
beforeEach(async () => {
  host = await Host.withPool(4)
})
afterEach(() => host[Symbol.dispose]())

interface Findings {
  readonly status: number | null
  readonly stderr: string
  /** `problem …`, by what was checked. */
  readonly of: ReadonlyMap<string, string>
  /** What is not ok. */
  readonly bad: readonly string[]
}

/** One line for each check, in their order, whatever else. */
function findingsIn({ status, stdout, stderr }: Awaited<ReturnType<typeof canhazgpu>>): Findings {
  const lines = stdout.split('\n').slice(0, -1)
  const found = lines.map(line => {
    const [, level = '', check = '', text = ''] = /^(ok|warning|problem) +([^:]+): (.*)$/.exec(line) ?? [line]
    return { level, check, text }
  })
  expect(found.map(({ check }) => check)).toEqual(CHECKS)
  expect(status).toBe(found.some(({ level }) => level === 'problem') ? 1 : 0)
  return {
    status,
    stderr,
    of: new Map(found.map(({ level, check, text }) => [check, `${level} ${text}`])),
    bad: found.filter(({ level }) => level !== 'ok').map(({ check }) => check),
  }
}

async function doctor(env: Record<string, string> = {}): Promise<Findings> {
  return findingsIn(await canhazgpu(['doctor'], { env: { ...host.env, ...env } }))
}

/** Writes a reservation into the pool as it is. */
async function add(reservation: Reservation): Promise<void> {
  const store = await openStore(host.storeUrl, 'write')
  await store.update(() => ({ changes: [{ kind: 'add', reservation }], result: undefined }))
  store.close()
}

test('a host that is well is well in every line, and exit status 0', async () => {
  await host.canhazgpu('reserve')
  await using _run = await Running.start(host)
  const { status, stderr, bad, of } = await doctor()
  expect([status, stderr, bad]).toEqual([0, '', []])
  expect(of.get('driver')).toBe('ok nvidia-smi of driver 550.54.15 answers for 4 GPUs')
  expect(of.get('GPUs')).toBe('ok nvidia-smi reports all 4 of the pool')
  expect(of.get('schema')).toBe('ok version 3, the one of this program')
  expect(of.get('reservations')).toBe('ok every run lives and has its keeper')
})

test('a simulated pool needs no nvidia-smi', async () => {
  using bare = new Host()
  const env = { ...bare.env, PATH: '/nonexistent' }
  await canhazgpu(['admin', '--gpus', '2', '--provider', 'fake'], { env })
  const { status, bad, of } = findingsIn(await canhazgpu(['doctor'], { env }))
  expect([status, bad, of.get('GPUs')]).toEqual([0, [], 'ok all 2 are simulated'])
})

test('without a pool it says how to make one, and looks at the rest', async () => {
  using bare = new Host(3)
  const { status, bad, of } = findingsIn(await bare.canhazgpu('doctor'))
  expect([status, bad]).toEqual([1, ['store']])
  expect(of.get('store')).toBe(
    `problem ${bare.poolPath}: GPU pool is not initialized. Ask an administrator to run: canhazgpu admin --gpus 3 --store sqlite:${bare.poolPath}`,
  )
  expect(of.get('driver')).toBe('ok nvidia-smi of driver 550.54.15 answers for 3 GPUs')
})

test.each(SICKNESSES.map(sickness => [sickness.name, sickness] as const))(
  'with nvidia-smi %s it says so, and looks at the rest',
  async (_, sickness) => {
    await using _run = await Running.start(host)
    const { status, stderr, of, bad } = findingsIn(await whileSick(host, sickness, ['doctor']))
    expect([status, stderr]).toEqual([1, ''])
    expect(of.get('driver')).toStartWith(`problem ${sickness.says} - `)
    expect(bad).toEqual(['driver', 'GPUs', 'persistence mode', 'MIG', 'index order', 'unreserved use'])
  },
)

test('an nvidia-smi that is older than MIG is well', async () => {
  host.nvidiaSmi.before(
    'case "$1" in *mig*) echo "Field \\"mig.mode.current\\" is not a valid field to query."; exit 2;; esac',
  )
  const { bad, of } = await doctor()
  expect([bad, of.get('MIG')]).toEqual([[], 'ok off'])
})

test('GPUs that are set up badly, lost, or used without a reservation are named', async () => {
  host.nvidiaSmi.show([
    { persistenceMode: 'Disabled', busId: '00000000:AF:00.0' },
    { mig: 'Enabled', busId: '00000000:3B:00.0' },
    { memoryUsed: 500, apps: [{ pid: process.pid }] },
  ])
  const { bad, of } = await doctor({ CUDA_DEVICE_ORDER: 'FASTEST_FIRST' })
  expect(bad).toEqual(['GPUs', 'persistence mode', 'MIG', 'index order', 'unreserved use'])
  expect(of.get('GPUs')).toStartWith(
    'problem nvidia-smi does not report, or cannot read, GPU(s) [3] of the pool - ',
  )
  expect(of.get('persistence mode')).toStartWith('warning off on GPU(s) [0] - ')
  expect(of.get('MIG')).toStartWith('warning on for GPU(s) [1] - ')
  expect(of.get('index order')).toStartWith('problem nvidia-smi does not count GPU(s) [0, 1, 2] in the order')
  expect(of.get('unreserved use')).toStartWith('warning GPU 2: IN USE WITHOUT RESERVATION by user ')
})

test('CUDA_DEVICE_ORDER is looked at in the environment', async () => {
  expect((await doctor({ CUDA_DEVICE_ORDER: 'PCI_BUS_ID' })).bad).toEqual([])
  const { status, of } = await doctor({ CUDA_DEVICE_ORDER: 'FASTEST_FIRST' })
  expect([status, of.get('index order')]).toEqual([
    0,
    expect.stringMatching(
      /^warning CUDA_DEVICE_ORDER is FASTEST_FIRST .* export CUDA_DEVICE_ORDER=PCI_BUS_ID$/,
    ),
  ])
})

test('a dead run whose keeper was killed, and a clock that was set back, are warnings', async () => {
  const run = await Running.start(host)
  await run.killKeeper()
  await run.kill()
  const { status, bad, of } = await doctor()
  expect([status, bad]).toEqual([0, ['reservations']])
  expect(of.get('reservations')).toContain(`on GPU(s) [0] (PID ${run.pid}) is dead`)
  await add(aRun({ id: 'ahead', gpus: [1], heartbeatAt: Date.now() + 2 * HOUR }))
  expect((await doctor()).of.get('clock')).toMatch(
    /^warning what was recorded last lies (2h 0m 0s|1h 59m 5\ds) in the future - /,
  )
})

describe('the files of the pool', () => {
  const change = (suffix: string, mode: number) => () => chmodSync(host.poolPath + suffix, mode)
  const remove = (suffix: string) => () => rmSync(host.poolPath + suffix)

  test.each([
    ['a database that not all can write', change('', 0o644), 'problem', 'has mode 0644, so not everybody'],
    ['a -wal that not all can write', change('-wal', 0o644), 'problem', 'pool.db-wal has mode 0644'],
    ['a -shm that not all can write', change('-shm', 0o600), 'problem', 'sudo chmod 666'],
    ['a lock that not all can open', change('-lock', 0o600), 'problem', 'pool.db-lock has mode 0600'],
    ['a lost -wal', remove('-wal'), 'problem', 'pool.db-wal is missing - make it with'],
    ['a lost -shm', remove('-shm'), 'problem', 'pool.db-shm is missing - make it with'],
    ['a lost lock', remove('-lock'), 'warning', 'pool.db-lock is missing'],
    [
      'a directory that others may write to',
      () => chmodSync(dirname(host.poolPath), 0o777),
      'problem',
      'others may write to ',
    ],
    [
      'a directory above that others may write to',
      () => chmodSync(host.directory.path, 0o777),
      'problem',
      `others may write to `,
    ],
  ])('with %s are named', async (_, harm, level, text) => {
    harm()
    const before = contentsOf(dirname(host.poolPath))
    const { bad, of } = await doctor()
    expect([bad, of.get('store')]).toEqual([['store'], expect.stringContaining(text)])
    expect(of.get('store')).toStartWith(level)
    expect([...contentsOf(dirname(host.poolPath)).keys()]).toEqual([...before.keys()])
  })

  test.skipIf(!canMakeUsers)('that not all can reach or that belong to others are named', async () => {
    chmodSync(dirname(host.poolPath), 0o750)
    expect((await doctor()).of.get('store')).toMatch(
      /^problem .*\/pool has mode 0750, so only some can use the pool - sudo chmod 755/,
    )
    chmodSync(dirname(host.poolPath), 0o755)
    chownSync(`${host.poolPath}-wal`, 4999, 4999)
    expect((await doctor()).of.get('store')).toMatch(
      /^warning .*-wal belongs to uid 4999 and the pool to root - /,
    )
    chownSync(dirname(host.poolPath), 4999, 4999)
    expect((await doctor()).of.get('store')).toMatch(
      /^problem .*\/pool belongs to uid 4999, who may delete the pool/,
    )
  })

  test('that are damaged, of a newer or of an older version are told apart, and none is changed', async () => {
    changeBehindItsBack(host.poolPath, 'PRAGMA user_version = 99')
    expect((await doctor()).of.get('schema')).toContain(
      'was made by a newer canhazgpu (schema 99, this one knows up to 3)',
    )
    changeBehindItsBack(host.poolPath, 'PRAGMA user_version = 1')
    const older = contentsOf(dirname(host.poolPath))
    const { status, bad, of } = await doctor()
    expect([status, bad]).toEqual([0, ['schema']])
    expect(of.get('schema')).toStartWith('warning version 1 - the next command brings it to 3')
    const { poolPath } = host
    for (const name of ['pool.db', 'pool.db-wal', 'pool.db-lock'])
      expect(contentsOf(dirname(poolPath)).get(name)).toBe(older.get(name))
    writeFileSync(poolPath, 'not a database, but long enough to be taken for one'.repeat(100))
    expect((await doctor()).of.get('schema')).toMatch(
      /^problem The pool .* is damaged \(file is not a database\)/,
    )
  })

  test.skipIf(!canMount)(
    'that nobody can write to, since their file system is full or read-only, are named',
    async () => {
      using disk = new SmallFileSystem(400)
      const path = join(disk.path, 'pool', 'pool.db')
      const env = { ...host.env, CANHAZGPU_STORE: `sqlite:${path}` }
      await canhazgpu(['admin', '--gpus', '4'], { env })
      expect((await doctor(env)).bad).toEqual([])
      disk.fill()
      const full = await doctor(env)
      expect([full.bad, full.of.get('store')]).toEqual([
        ['store'],
        `problem the file system of ${path} is full - free some space: 'df ${dirname(path)}' shows which it is`,
      ])
      disk.makeRoom()
      disk.makeReadOnly()
      const readOnly = await doctor(env)
      expect([readOnly.bad, readOnly.of.get('store')]).toEqual([
        ['store'],
        expect.stringMatching(/^problem the file system of .*pool.db is read-only - /),
      ])
    },
  )

  test('are not changed by looking at a pool with much to do', async () => {
    const run = await Running.start(host)
    await run.killKeeper()
    await run.kill()
    const files = ['', '-wal', '-lock'].map(suffix => host.poolPath + suffix)
    const before = files.map(file => statSync(file).mtimeMs)
    await doctor()
    expect(files.map(file => statSync(file).mtimeMs)).toEqual(before)
  })
})

describe.skipIf(!canMakeUsers)('doctor for a user', () => {
  const [alice] = makeUsers('alice')
  const idleProcess = idleProcesses()

  test('finds what it finds for root', async () => {
    host.nvidiaSmi.show([{}, {}, {}, { memoryUsed: 900, apps: [{ pid: idleProcess(alice) }] }])
    const seen = await host.canhazgpuAs(alice.uid, 'doctor')
    expect(seen.stdout).toBe((await host.canhazgpu('doctor')).stdout)
    expect(findingsIn(seen).bad).toEqual(['unreserved use'])
  })

  test('sees who uses a GPU that somebody else has reserved', async () => {
    await host.canhazgpu('reserve', '--gpus', '2', '--user', 'lab')
    await host.canhazgpuAs(alice.uid, 'reserve')
    const pid = idleProcess(alice)
    const use = { memoryUsed: 900, apps: [{ pid }] }
    host.nvidiaSmi.show([{ memoryUsed: 900, apps: [{ pid: process.pid }] }, use, use, {}])
    const { status, bad, of } = await doctor()
    expect([status, bad]).toEqual([0, ['unreserved use']])
    expect(of.get('unreserved use')).toStartWith(
      `warning GPU 1 is reserved by lab (root), and used by PID ${pid} (python3) of ${alice.name} - `,
    )
  })

  test('who may not enter the place of the pool, says so and looks at the rest', async () => {
    chmodSync(dirname(host.poolPath), 0o700)
    const { bad, of } = findingsIn(await host.canhazgpuAs(alice.uid, 'doctor'))
    expect(bad).toEqual(['store'])
    expect(of.get('store')).toContain('pool.db cannot be looked at (EACCES)')
  })

  test('knows that a pool of one’s own may be private', async () => {
    const home = join(host.directory.path, 'alice')
    mkdirSync(home, { mode: 0o700 })
    chownSync(home, alice.uid, alice.uid)
    const own = ['--store', `sqlite:${home}/pool.db`]
    await host.canhazgpuAs(alice.uid, ...own, 'admin', '--gpus', '1')
    const { bad, of } = findingsIn(await host.canhazgpuAs(alice.uid, ...own, 'doctor'))
    expect([bad, of.get('store')]).toEqual([
      [],
      `ok ${home}/pool.db, for all to use and nobody but ${alice.name} and root to delete`,
    ])
  })
})

test.skipIf(!canMount)('a /proc that hides processes is a warning', async () => {
  const script = `mount -t proc -o hidepid=2 proc /proc && exec "$0" doctor`
  const child = start(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, executable()], {
    env: host.env,
  })
  const { bad, of } = findingsIn(await outcome(child))
  expect([bad, of.get('/proc')]).toEqual([
    ['/proc'],
    expect.stringMatching(/^warning hidepid=\w+ hides the processes of others - /),
  ])
})
