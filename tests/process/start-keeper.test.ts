import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import type { KeeperOrders } from '../../src/process/start-keeper.ts'
import {
  formatKeeperOrders,
  formatProbeOrders,
  parseKeeperOrders,
  parseProbeOrders,
} from '../../src/process/start-keeper.ts'
import { identityOf, sleepsInPoll } from '../helpers/child-process.ts'
import fc from '../helpers/fast-check.ts'
import { Host } from '../helpers/host.ts'
import { aRun } from '../helpers/pools.ts'
import { until } from '../helpers/until.ts'

const orders: fc.Arbitrary<KeeperOrders> = fc.record({
  storeUrl: fc.string({ unit: 'binary', minLength: 1 }).map(path => `sqlite:/${path}`),
  storeEnvironment: fc.constant({}),
  reservationId: fc.stringMatching(/^[\w-]{1,36}$/),
  gpus: fc.uniqueArray(fc.nat(1023), { minLength: 1 }),
  memoryThresholdMiB: fc.nat(),
  probeTimeoutMs: fc.nat(),
  idleReleaseMs: fc.option(fc.nat()),
  task: fc.oneof(
    fc.record({
      type: fc.constant('manual' as const),
      terminal: fc.nat().map(number => `/dev/pts/${number}`),
      warnBeforeMs: fc.option(fc.nat()),
    }),
    // All of them of one boot and one pid namespace.
    fc
      .record({
        bootId: fc.oneof(fc.uuid(), fc.constant('')),
        pidNamespace: fc.oneof(
          fc.nat().map(inode => `pid:[${inode}]`),
          fc.constant(''),
        ),
        pids: fc.array(
          fc.record({ pid: fc.integer({ min: 1, max: 2 ** 22 }), startTicks: fc.maxSafeNat() }),
          {
            minLength: 1,
            maxLength: 4,
          },
        ),
        killAfterMs: fc.option(fc.nat()),
        claim: fc.option(fc.string({ unit: 'binary' }).map(note => aRun({ note }))),
      })
      .map(({ bootId, pidNamespace, pids, killAfterMs, claim }) => ({
        type: 'run' as const,
        processes: pids.map(process => ({ bootId, pidNamespace, ...process })),
        killAfterMs,
        claim,
      })),
  ),
})

describe('the orders of a keeper', () => {
  test('come back from its command line as they were', () => {
    fc.assert(
      fc.property(orders, orders => {
        expect(parseKeeperOrders(formatKeeperOrders(orders))).toEqual(orders)
      }),
      { numRuns: 500 },
    )
  })

  test('hold what its observer needs, which comes back from the observer’s command line', () => {
    fc.assert(
      fc.property(orders, ({ reservationId, gpus, task, ...probe }) => {
        expect(parseProbeOrders(formatProbeOrders(probe))).toEqual(probe)
      }),
      { numRuns: 500 },
    )
  })

  const everybody = ['store', 'memory-threshold', 'probe-timeout', 'idle-release', 'reservation', 'gpus']
  test.each([
    ...[...everybody, 'pid', 'start-ticks', 'boot', 'pid-namespace', 'kill-after'].map(
      name => ['run', name] as const,
    ),
    ...[...everybody, 'warn-before'].map(name => ['manual', name] as const),
  ])('of a %s reservation are refused without %s', (type, name) => {
    const [all = []] = fc
      .sample(orders, 100)
      .filter(({ task }) => task.type === type)
      .map(formatKeeperOrders)
    const words = all.filter(word => !word.startsWith(`${name}=`))
    expect(words).toHaveLength(all.length - 1)
    expect(() => parseKeeperOrders(words)).toThrow(`The keeper was not told its ${name}`)
  })
})

describe('a keeper that run has started', () => {
  let host: Host
  let run: ReturnType<Host['start']>
  let keeper: number

  beforeEach(async () => {
    host = await Host.withPool(2)
    run = host.start(['run', '--gpus', '2', '--', 'sleep', '600'], { cwd: host.directory.path })
    await until(() => keepersOf(run.pid).length === 1)
    keeper = keepersOf(run.pid)[0] ?? 0
    await until(() => sleepsInPoll(keeper))
  })
  afterEach(async () => {
    run.kill('SIGKILL')
    await until(() => keepersOf(run.pid).length === 0)
    host[Symbol.dispose]()
  })

  test('says on its command line what it holds', async () => {
    const { bootId, pidNamespace, pid, startTicks } = identityOf(run.pid)
    const words = commandLine(keeper).slice(1)
    expect(words).toEqual([
      'keeper',
      `store=sqlite:${host.poolPath}`,
      'memory-threshold=100',
      'probe-timeout=30000',
      'idle-release=false',
      expect.stringMatching(/^reservation=.{12}$/),
      'gpus=0,1',
      `pid=${pid}`,
      `start-ticks=${startTicks}`,
      `boot=${bootId}`,
      `pid-namespace=${pidNamespace}`,
      'kill-after=false',
    ])
  })

  test('holds nothing of its caller: no descriptor, no directory, no environment, no terminal, no parent', async () => {
    const descriptors = readdirSync(`/proc/${keeper}/fd`).map(fd => readlinkSync(`/proc/${keeper}/fd/${fd}`))
    expect(descriptors.filter(path => !/^(\/dev\/null|anon_inode:)/.test(path))).toEqual([])
    expect(readlinkSync(`/proc/${keeper}/cwd`)).toBe('/')
    expect(readFileSync(`/proc/${keeper}/environ`, 'utf8')).not.toMatch(/CANHAZGPU|HOME/)
    const [parent, session, terminal] = relationsOf(keeper)
    expect(parent).not.toBe(run.pid)
    expect(readFileSync(`/proc/${run.pid}/task/${run.pid}/children`, 'utf8')).toBe('')
    expect(session).not.toBe(relationsOf(run.pid)[1])
    expect(terminal).toBe(0)
  })

  test('runs as the user, and ends when the command does', async () => {
    expect(statSync(`/proc/${keeper}`).uid).toBe(process.getuid?.() ?? -1)
    run.kill('SIGKILL')
    await until(() => keepersOf(run.pid).length === 0)
    expect((await host.status()).join()).not.toContain('IN USE')
  })
})

/** Parent, session and terminal of a process: fields 4, 6 and 7 of /proc/PID/stat. */
function relationsOf(pid: number): number[] {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ')
  return [4, 6, 7].map(field => Number(fields.at(field - 53)))
}

/** The keepers of a process, by their command lines. */
function keepersOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(other => {
      const words = commandLine(other)
      return words[1] === 'keeper' && words.includes(`pid=${pid}`)
    })
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  } catch {
    return []
  }
}
