import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, chownSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Host } from '../helpers/host.ts'
import { changeBehindItsBack, contentsOf } from '../helpers/pool-files.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

const COMMANDS = [
  ['status'],
  ['reserve'],
  ['release'],
  ['run', '--', 'echo', 'must not run'],
  ['admin', '--gpus', '2'],
  ['admin', '--gpus', '2', '--force'],
]

let host: Host
beforeEach(async () => {
  host = await Host.withPool(2)
  await host.canhazgpu('reserve')
  changeBehindItsBack(host.poolPath)
})
afterEach(() => host[Symbol.dispose]())

/** What every command says, which must be one line that names the pool; nothing of the pool is changed by it. */
async function refusalOfAll(): Promise<string> {
  const before = contentsOf(dirname(host.poolPath))
  const said = new Set<string>()
  for (const command of COMMANDS) {
    const { status, stdout, stderr } = await host.canhazgpu(...command)
    expect([command, status, stdout]).toEqual([command, 1, ''])
    expect(stderr).toMatch(/^Error: [^\n]+\n$/)
    expect(stderr).toContain(` ${host.poolPath} `)
    said.add(stderr)
  }
  const after = contentsOf(dirname(host.poolPath))
  expect(after.get('pool.db')).toBe(before.get('pool.db') ?? '')
  return [...said].join('')
}

describe('is refused by every command, by name, and never recreated:', () => {
  test('a pool of a newer version', async () => {
    changeBehindItsBack(host.poolPath, 'PRAGMA user_version = 99')
    expect(await refusalOfAll()).toMatch(
      /^Error: The pool \S+ was made by a newer canhazgpu \(schema 99, this one knows up to \d+\)\. Install the newer version\n$/,
    )
  })

  test.each([
    ['a pool that is cut off', () => truncateSync(host.poolPath, 2000)],
    ['a pool that is empty', () => truncateSync(host.poolPath, 0)],
    ['a pool that is text', () => writeFileSync(host.poolPath, 'this is not a database\n'.repeat(100))],
    [
      'a database of somebody else',
      () => changeBehindItsBack(host.poolPath, 'PRAGMA application_id = 0; CREATE TABLE mine (x)'),
    ],
  ])('%s', async (_name, damage) => {
    damage()
    expect(await refusalOfAll()).toMatch(
      /^(Error: The pool \S+ is damaged \(.+\)\. Nothing was changed; move the file away and run 'canhazgpu admin' again\n)+$/,
    )
  })

  test('a damaged pool, until the way out in the message is taken', async () => {
    truncateSync(host.poolPath, 2000)
    expect((await host.shell(`mv ${host.poolPath} ${host.poolPath}.old && "$C" admin --gpus 2`)).stdout).toBe(
      'Initialized 2 GPUs (IDs 0 to 1)\n',
    )
    expect((await host.canhazgpu('reserve')).status).toBe(0)
  })
})

test('a directory in the place of the pool is refused in one line', async () => {
  mkdirSync(join(dirname(host.poolPath), 'directory'))
  const store = `sqlite:${join(dirname(host.poolPath), 'directory')}`
  for (const command of COMMANDS) {
    const { status, stdout, stderr } = await host.canhazgpu('--store', store, ...command)
    expect([command, status, stdout]).toEqual([command, 1, ''])
    expect(stderr).toMatch(/^Error: [^\n]+\n$/)
  }
})

describe.skipIf(!canMakeUsers)('to a user', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  test('a place where they may not create a pool is refused with both ways out, and the second works', async () => {
    const store = `sqlite:${join(host.directory.path, 'var', 'lib', 'canhazgpu', 'pool.db')}`
    const args = ['admin', '--gpus', '2']
    expect(await host.canhazgpuAs(alice.uid, '--store', store, ...args)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `Error: Cannot create the pool ${store.slice('sqlite:'.length)}: permission denied. Use sudo, or choose a place of your own with --store sqlite:PATH\n`,
    })
    const home = join(host.directory.path, 'alice')
    mkdirSync(home)
    chownSync(home, alice.uid, alice.uid)
    const own = ['--store', `sqlite:${home}/pool.db`]
    expect((await host.canhazgpuAs(alice.uid, ...own, ...args)).stdout).toBe(
      'Initialized 2 GPUs (IDs 0 to 1)\n',
    )
    expect((await host.canhazgpuAs(alice.uid, ...own, 'reserve')).status).toBe(0)
    expect((await host.canhazgpuAs(alice.uid, ...own, 'admin', '--gpus', '1', '--force')).stdout).toBe(
      'Cleared 1 reservation(s)\nReinitialized 1 GPUs (IDs 0 to 0)\n',
    )
    expect((await host.canhazgpuAs(bob.uid, ...own, ...args, '--force')).stderr).toStartWith(
      `Error: Only ${alice.name} or root may reinitialize the pool sqlite:${home}/pool.db.`,
    )
  })

  test.each([
    ['a pool that they may not read', () => chmodSync(host.poolPath, 0o600)],
    ['a pool in a directory that they may not enter', () => chmodSync(dirname(host.poolPath), 0o700)],
  ])('%s is refused in one line that names it, and not taken for none', async (_name, close) => {
    close()
    for (const command of COMMANDS) {
      const { status, stdout, stderr } = await host.canhazgpuAs(alice.uid, ...command)
      expect([command, status, stdout]).toEqual([command, 1, ''])
      expect(stderr).toMatch(/^Error: [^\n]+\n$/)
      expect(stderr).toContain(host.poolPath)
      expect(stderr).not.toContain('not initialized')
    }
    expect((await host.status())[0]).toStartWith('GPU 0: IN USE by root for ')
  })
})
