import { describe, expect, test } from 'bun:test'
import { isKept } from '../../src/process/living-keeper.ts'
import { ChildProcess, identityOf, stateOf } from '../helpers/child-process.ts'
import { aHolder, aRun } from '../helpers/pools.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

const waits = ['perl', '-e', 'sleep 600']

/** A process that lives on with the words of a keeper. */
const keeperOf = (id: string, uid?: number) =>
  new ChildProcess([...waits, 'keeper', `reservation=${id}`], uid === undefined ? {} : { uid })

const own = process.getuid?.() ?? 0
const aRunOf = (uid: number, pid: number, id = 'abc') =>
  aRun({ id, holder: aHolder(uid), processes: [{ ...identityOf(process.pid), pid }] })

test('a run is kept while its keeper lives, wherever the pids stand', async () => {
  const keeper = keeperOf('abc')
  const pids = [1, keeper.pid - 1, keeper.pid, keeper.pid + 1, 2 ** 22]
  expect(pids.map(pid => isKept(aRunOf(own, pid)))).toEqual(pids.map(() => true))
  await keeper.signal('SIGSTOP', 'T')
  expect(isKept(aRunOf(own, 1))).toBe(true)
  await keeper.kill()
  expect(isKept(aRunOf(own, 1))).toBe(false)
})

test('the keeper of another reservation is not its keeper', async () => {
  await using keeper = keeperOf('abcd')
  expect(isKept(aRunOf(own, keeper.pid, 'abc'))).toBe(false)
  expect(isKept(aRunOf(own, keeper.pid, 'abcd'))).toBe(true)
})

test('a program that has the words but is no keeper is none', async () => {
  await using other = new ChildProcess([...waits, 'reservation=other'])
  expect(isKept(aRunOf(own, other.pid, 'other'))).toBe(false)
})

test('a keeper that nobody has waited for yet has ended', async () => {
  // The shell starts it and becomes a program that waits for nobody.
  await using parent = new ChildProcess([
    'sh',
    '-c',
    `sh -c 'echo $$; read _' keeper reservation=zombie < /dev/null & exec sleep 600`,
  ])
  const pid = Number(await parent.firstLine())
  await until(() => stateOf(pid) === 'Z')
  expect(isKept(aRunOf(own, pid - 1, 'zombie'))).toBe(false)
})

describe.skipIf(!canMakeUsers)('with several users', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  test('a keeper is its own user’s or root’s', async () => {
    await using keeper = keeperOf('of-alice', alice.uid)
    expect(isKept(aRunOf(alice.uid, keeper.pid, 'of-alice'))).toBe(true)
    expect(isKept(aRunOf(bob.uid, keeper.pid, 'of-alice'))).toBe(false)
    await using roots = keeperOf('of-root', 0)
    expect(isKept(aRunOf(bob.uid, roots.pid, 'of-root'))).toBe(true)
  })
})
