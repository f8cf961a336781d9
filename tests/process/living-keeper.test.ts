import { describe, expect, test } from 'bun:test'
import type { RunReservation } from '../../src/core/pool.ts'
import { keptAmong } from '../../src/process/living-keeper.ts'
import { ChildProcess, identityOf, stateOf } from '../helpers/child-process.ts'
import { aHolder, aRun } from '../helpers/pools.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

const waits = ['perl', '-e', 'sleep 600']

/** A process that lives on with the words of a keeper. */
const keeperOf = (id: string, uid?: number) =>
  new ChildProcess([...waits, 'keeper', `reservation=${id}`], uid === undefined ? {} : { uid })

const own = process.getuid?.() ?? 0
const aRunOf = (id: string, uid: number, pid: number) =>
  aRun({ id, holder: aHolder(uid), processes: [{ ...identityOf(process.pid), pid }] })

const isKept = (run: RunReservation) => keptAmong([run]).has(run.id)

test('a run is kept while its keeper lives, wherever the pids stand', async () => {
  const id = crypto.randomUUID()
  await using keeper = keeperOf(id)
  const pids = [1, keeper.pid - 1, keeper.pid, keeper.pid + 1, 2 ** 22]
  expect(pids.map(pid => isKept(aRunOf(id, own, pid)))).toEqual(pids.map(() => true))
  await keeper.signal('SIGSTOP', 'T')
  expect(isKept(aRunOf(id, own, 1))).toBe(true)
  await keeper.kill()
  expect(isKept(aRunOf(id, own, 1))).toBe(false)
})

test('a keeper that has just been started is seen, though it has no command line yet', async () => {
  for (let round = 0; round < 100; round++) {
    const id = crypto.randomUUID()
    await using keeper = keeperOf(id)
    expect(isKept(aRunOf(id, own, keeper.pid - 1))).toBe(true)
  }
})

test('of several runs at once it is seen which are kept', async () => {
  const [left, kept, alsoKept] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]
  const runs = [left, kept, alsoKept].map(id => aRunOf(id, own, 1))
  await using _first = keeperOf(kept)
  await using second = keeperOf(alsoKept)
  expect([...keptAmong(runs)].sort()).toEqual([kept, alsoKept].sort())
  await second.kill()
  expect([...keptAmong(runs)]).toEqual([kept])
})

test('the keeper of another reservation is not its keeper', async () => {
  const id = crypto.randomUUID()
  await using keeper = keeperOf(`${id}d`)
  expect(isKept(aRunOf(id, own, keeper.pid))).toBe(false)
  expect(isKept(aRunOf(`${id}d`, own, keeper.pid))).toBe(true)
})

test('a program that has the words but is no keeper is none', async () => {
  const id = crypto.randomUUID()
  await using other = new ChildProcess([...waits, `reservation=${id}`])
  expect(isKept(aRunOf(id, own, other.pid))).toBe(false)
})

test('a keeper that nobody has waited for yet has ended', async () => {
  const id = crypto.randomUUID()
  // The shell starts it and becomes a program that waits for nobody.
  await using parent = new ChildProcess([
    'sh',
    '-c',
    `sh -c 'echo $$; read _' keeper reservation=${id} < /dev/null & exec sleep 600`,
  ])
  const pid = Number(await parent.firstLine())
  await until(() => stateOf(pid) === 'Z')
  expect(isKept(aRunOf(id, own, pid - 1))).toBe(false)
})

describe.skipIf(!canMakeUsers)('with several users', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  test('a keeper is its own user’s or root’s', async () => {
    const [ofAlice, ofRoot] = [crypto.randomUUID(), crypto.randomUUID()]
    await using keeper = keeperOf(ofAlice, alice.uid)
    expect(isKept(aRunOf(ofAlice, alice.uid, keeper.pid))).toBe(true)
    expect(isKept(aRunOf(ofAlice, bob.uid, keeper.pid))).toBe(false)
    await using roots = keeperOf(ofRoot, 0)
    expect(isKept(aRunOf(ofRoot, bob.uid, roots.pid))).toBe(true)
  })
})
