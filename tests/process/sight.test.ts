import { describe, expect, test } from 'bun:test'
import type { ProcessIdentity } from '../../src/core/pool.ts'
import { ownIdentity, sight, sightAll } from '../../src/process/identity.ts'
import { ChildProcess, identityOf, stateOf } from '../helpers/child-process.ts'
import { aManual, aPool, aRun } from '../helpers/pools.ts'
import { answerOf, program } from '../helpers/programs.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

const sleep = ['sleep', '600']

test('a process that runs is alive', async () => {
  await using child = new ChildProcess(sleep)
  expect(sight(identityOf(child.pid))).toBe('alive')
  expect(sight(ownIdentity())).toBe('alive')
})

test('a process that has ended and was waited for is gone', async () => {
  const child = new ChildProcess(sleep)
  const identity = identityOf(child.pid)
  await child.kill()
  expect(sight(identity)).toBe('gone')
})

test('a stopped process is alive', async () => {
  await using child = new ChildProcess(sleep)
  await child.signal('SIGSTOP', 'T')
  expect(sight(identityOf(child.pid))).toBe('alive')
})

test('a zombie is gone', async () => {
  // Its parent becomes a program that never waits.
  await using parent = new ChildProcess(['sh', '-c', 'sleep 600 & echo $!; exec sleep 600'])
  const pid = Number(await parent.firstLine())
  const identity = identityOf(pid)
  expect(sight(identity)).toBe('alive')
  process.kill(pid, 'SIGKILL')
  await until(() => stateOf(pid) === 'Z')
  expect(sight(identity)).toBe('gone')
})

test('a process whose first thread has ended is alive while the others run, and gone when it is killed', async () => {
  const { command, env } = await program('processes')
  await using child = new ChildProcess([...command, 'endFirstThread'], { env })
  const identity = JSON.parse(await child.firstLine()) as ProcessIdentity
  await until(() => stateOf(child.pid) === 'Z')
  expect(sight(identity)).toBe('alive')
  await child.kill()
  expect(sight(identity)).toBe('gone')
})

describe('a process that only looks like the one', () => {
  test.each([-1, 1, 100_000])('because its pid was used again, %d ticks apart, is gone', async ticks => {
    await using child = new ChildProcess(sleep)
    const identity = identityOf(child.pid)
    expect(sight({ ...identity, startTicks: identity.startTicks + ticks })).toBe('gone')
  })

  test('because the machine was started again is gone, whatever its namespace', async () => {
    await using child = new ChildProcess(sleep)
    const before = { ...identityOf(child.pid), bootId: '01234567-89ab-cdef-0123-456789abcdef' }
    expect(sight(before)).toBe('gone')
    expect(sight({ ...before, pidNamespace: 'pid:[1]' })).toBe('gone')
  })
})

test('every run of a pool is looked for, and no manual reservation', async () => {
  await using child = new ChildProcess(sleep)
  const alive = identityOf(child.pid)
  const reservations = [
    aRun({ id: 'alive', processes: [alive] }),
    aManual({ id: 'manual' }),
    aRun({ id: 'gone', processes: [{ ...alive, startTicks: 1 }] }),
    aRun({ id: 'unseen', processes: [{ ...alive, pidNamespace: 'pid:[1]' }] }),
  ]
  expect([...sightAll(aPool({ reservations }))]).toEqual([
    ['alive', 'alive'],
    ['gone', 'gone'],
    ['unseen', 'unseen'],
  ])
})

describe.skipIf(!canMakeUsers)('with several users', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  test.each([
    ['another user', alice],
    ['root', { uid: 0 }],
  ])('a process of %s is alive, and gone when it has ended', async (_, { uid }) => {
    const child = new ChildProcess(sleep, { uid })
    const identity = identityOf(child.pid)
    expect(await seenBy(identity, { uid: bob.uid })).toBe('alive')
    await child.kill()
    expect(await seenBy(identity, { uid: bob.uid })).toBe('gone')
  })

  test.each([1, 2])(
    'a process that /proc hides (hidepid=%d) counts as alive until it has ended',
    async hidepid => {
      const wrapper = hidingFrom(bob.uid, hidepid)
      const child = new ChildProcess(sleep, { uid: alice.uid })
      const identity = identityOf(child.pid)
      expect(await seenBy(identity, { wrapper })).toBe('alive')
      await child.kill()
      expect(await seenBy(identity, { wrapper })).toBe('gone')
    },
  )

  test('a process of one’s own is seen for what it is also where /proc hides those of others', async () => {
    await using child = new ChildProcess(sleep, { uid: bob.uid })
    const identity = identityOf(child.pid)
    const wrapper = hidingFrom(bob.uid, 2)
    expect(await seenBy(identity, { wrapper })).toBe('alive')
    expect(await seenBy({ ...identity, startTicks: identity.startTicks + 1 }, { wrapper })).toBe('gone')
  })
})

describe.skipIf(!canMakeUsers)('in another pid namespace', () => {
  const inside = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

  test('a process of this one is unseen', async () => {
    await using child = new ChildProcess(sleep)
    expect(await seenBy(identityOf(child.pid), { wrapper: inside })).toBe('unseen')
  })

  test('a process of that one is unseen from here, and its own identity is alive there', async () => {
    const { command, env } = await program('processes')
    await using child = new ChildProcess([...inside, ...command, 'stay'], { env })
    const identity = JSON.parse(await child.firstLine()) as ProcessIdentity
    expect(identity.pid).toBe(1)
    expect(sight(identity)).toBe('unseen')
  })

  test('nothing is taken from a /proc that counts other pids', async () => {
    // Without a /proc of its own: pid 1 is the shell there, and somebody else in /proc.
    const wrapper = [...inside.slice(0, -1), 'sh', '-c', 'sleep 600 & exec "$@"', 'sh']
    const { bootId } = ownIdentity()
    const identity = { bootId, pid: 1, startTicks: 1 }
    const seen = await answerOf('processes', ['sightHere', JSON.stringify(identity)], { wrapper })
    expect(JSON.parse(seen)).toBe('unseen')
    const missing = JSON.stringify({ ...identity, pid: 4_000_000 })
    expect(JSON.parse(await answerOf('processes', ['sightHere', missing], { wrapper }))).toBe('gone')
  })
})

test.skipIf(!canMakeUsers)('where the boot cannot be told a process is unseen rather than gone', async () => {
  await using child = new ChildProcess(sleep)
  const wrapper = [
    'unshare',
    '--mount',
    'sh',
    '-c',
    'mount --bind /dev/null /proc/sys/kernel/random/boot_id && exec "$@"',
    'sh',
  ]
  expect(await seenBy(identityOf(child.pid), { wrapper })).toBe('unseen')
})

/** What another process finds out about a process. */
async function seenBy(
  identity: ProcessIdentity,
  who: { uid?: number; wrapper?: readonly string[] },
): Promise<string> {
  return JSON.parse(await answerOf('processes', ['sight', JSON.stringify(identity)], who)) as string
}

/** Runs a command as a user for whom /proc is mounted so that it hides the processes of others. */
function hidingFrom(uid: number, hidepid: number): string[] {
  const script = `mount -t proc -o hidepid=${hidepid} proc /proc && exec setpriv --reuid ${uid} --regid ${uid} --clear-groups "$@"`
  return ['unshare', '--mount', 'sh', '-c', script, 'sh']
}
