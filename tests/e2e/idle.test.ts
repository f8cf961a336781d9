import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { executable } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { HOUR, MINUTE } from '../helpers/pools.ts'
import { Pty } from '../helpers/pty.ts'
import { keepersOf, killKeepers } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

const env = { CANHAZGPU_IDLE_RELEASE: '1h' }

let host: Host
beforeEach(async () => {
  host = await Host.withPool(2)
})
afterEach(async () => {
  await killKeepers(host)
  host[Symbol.dispose]()
})

/**
 * Lets so much time have passed for all that the pool remembers, but for the ends of reservations and signs of life; the last
 * look at the hardware was a minute ago. Then it rings at the lock file, as an update does.
 */
function pass(ms: number): void {
  using db = new Database(host.poolPath, { readwrite: true })
  // Opened as canhazgpu opens it: without this, the last one to close would delete the -wal.
  db.fileControl(10, 1)
  db.exec(`PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE;
    UPDATE reservation SET reserved_at = reserved_at - ${ms}, idle_warned_at = idle_warned_at - ${ms};
    UPDATE gpu SET unused_since = unused_since - ${ms};
    UPDATE queue_entry SET queued_at = queued_at - ${ms};
    UPDATE pool SET observed_at = observed_at - ${MINUTE};
    COMMIT`)
  readFileSync(`${host.poolPath}-lock`)
}

function columns(table: string, ...names: string[]): unknown[][] {
  using db = new Database(host.poolPath, { readonly: true })
  db.run('PRAGMA busy_timeout = 10000')
  return db.query(`SELECT ${names.join(', ')} FROM ${table}`).values()
}

test('status shows since when a reserved GPU has been unused, which a waiter finds out', async () => {
  await host.canhazgpu('reserve', '-g', '2')
  const waiter = host.start(['run', '--wait', '--', 'true'])
  try {
    await until(async () => (await host.canhazgpu('queue')).stdout.includes('1 GPU(s)'))
    expect((await host.status())[0]).toEndWith('[validated: no actual usage detected]')
    pass(2 * HOUR + 5 * MINUTE)
    expect((await host.status())[0]).toMatch(/\[validated: no actual usage detected for 2h 5m \d+s\]$/)
    // The minute between the two looks, on two GPUs.
    await until(() => Number(columns('reservation', 'unused_gpu_ms')[0]?.[0]) >= 2 * MINUTE)
    expect((await host.status())[0]).toMatch(/\[validated: no actual usage detected for 2h 5m \d+s\]$/)
  } finally {
    waiter.kill('SIGKILL')
    await waiter.exited
  }
})

test('of many observers at once, one asks nvidia-smi', async () => {
  await host.canhazgpu('reserve')
  const asked = join(host.directory.path, 'asked')
  host.nvidiaSmi.before(`echo "$1" >> '${asked}'; sleep 0.3`)
  pass(0)
  await Promise.all(Array.from({ length: 6 }, () => observe()))
  const queries = readFileSync(asked, 'utf8').trim().split('\n')
  expect(queries.map(query => query.replace(/=.*/, '')).sort()).toEqual([
    '--query-compute-apps',
    '--query-gpu',
  ])
})

test('an observer whose nvidia-smi is sick changes nothing, and stays silent where nobody listens', async () => {
  await host.canhazgpu('reserve')
  pass(0)
  const before = columns('pool', 'observed_at')
  host.nvidiaSmi.before('exit 9')
  await observe()
  expect(columns('pool', 'observed_at')).toEqual(before)
  host.nvidiaSmi.before(null)
  await observe()
  expect(columns('pool', 'observed_at')).not.toEqual(before)
})

/** Sends an observer, as a keeper does. */
async function observe(): Promise<void> {
  const orders = [
    `store=${host.storeUrl}`,
    'memory-threshold=100',
    'probe-timeout=30000',
    'idle-release=3600000',
  ]
  await host.start(['observer', ...orders]).exited
}

describe.skipIf(!canMakeUsers)('with idle-release', () => {
  const [alice, bob] = makeUsers('alice', 'bob')
  // The setting is the host's; from a variable it holds only for those who could replace the pool as well.
  beforeEach(() => chmodSync(join(host.poolPath, '..'), 0o777))

  test('an idle holder is warned when somebody waits, and released five minutes later; the waiter starts', async () => {
    using pty = await aliceReserves()
    const waiter = host.start(['run', '--wait', '--', 'echo', 'mine'], { env, uid: bob.uid })
    await until(async () => (await host.canhazgpu('queue')).stdout.includes('1 GPU(s)'))
    pass(HOUR)
    await pty.shows(
      /\ncanhazgpu: your GPU\(s\) \[0, 1\] are unused and others are waiting for them\. Unless you use them, they are released at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n/,
    )
    expect(columns('event', 'kind')).toContainEqual(['idle-warning'])
    expect((await host.status()).join()).toContain('IN USE by chg-alice')
    pass(5 * MINUTE)
    expect(await waiter.stdout.text()).toBe('mine\n')
    expect(columns('usage_record', 'user_name', 'ending')).toContainEqual([alice.name, 'idle'])
    await until(() => keepersOf(host).length === 0)
  })

  test('one who uses a GPU after the warning keeps it', async () => {
    using pty = await aliceReserves()
    const waiter = host.start(['run', '--wait', '--', 'echo', 'mine'], { env, uid: bob.uid })
    try {
      await until(async () => (await host.canhazgpu('queue')).stdout.includes('1 GPU(s)'))
      pass(HOUR)
      await pty.shows(/are unused and others are waiting/)
      host.nvidiaSmi.show([{ memoryUsed: 9000, apps: [{ pid: pty.pid }] }, {}])
      pass(5 * MINUTE)
      await until(() => columns('gpu', 'unused_since')[0]?.[0] === null)
      expect((await host.status())[0]).toMatch(/IN USE by chg-alice.*9000MB, 1 processes/)
      expect((await host.status())[1]).toContain('IN USE by chg-alice')
    } finally {
      waiter.kill('SIGKILL')
      await waiter.exited
    }
  })

  test('nothing happens to an idle holder where nobody waits', async () => {
    using pty = await aliceReserves()
    pass(9 * HOUR)
    await observe()
    expect(columns('event', 'kind').flat()).not.toContain('idle-warning')
    expect(pty.text).not.toContain('canhazgpu: ')
  })

  /** Alice has reserved both GPUs on a terminal of hers, just looked at. */
  async function aliceReserves(): Promise<Pty> {
    const reserve = `chmod 620 "$(tty)"; ${executable()} reserve -g 2; exec cat`
    // A terminal belongs to who opened it; hers would have been given to her at login.
    const script = `chown ${alice.uid} "$(tty)"; exec setpriv --reuid ${alice.uid} --clear-groups sh -c '${reserve}'`
    const pty = new Pty(['sh', '-c', script], { ...host.env, ...env }, 200)
    await pty.shows(/CUDA_VISIBLE_DEVICES=0,1/)
    await until(() => keepersOf(host).length === 1)
    return pty
  }
})
