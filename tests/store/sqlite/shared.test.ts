import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { contentsOf, makePool, modeOf, reservationIds } from '../../helpers/pool-files.ts'
import { canSetKernelParameters, protectRegularFiles } from '../../helpers/protected-regular.ts'
import { StoreProcess } from '../../helpers/store-process.ts'
import { temporaryDirectory } from '../../helpers/temporary.ts'
import { canMakeUsers, makeUsers, type User } from '../../helpers/users.ts'

const FILES = ['pool.db', 'pool.db-lock', 'pool.db-shm', 'pool.db-wal']

describe.skipIf(!canMakeUsers || !canSetKernelParameters)('a pool in a directory of root', () => {
  protectRegularFiles()
  const [alice, bob, carol] = makeUsers('alice', 'bob', 'carol')

  let place: ReturnType<typeof temporaryDirectory>
  let directory: string
  let path: string
  let started: StoreProcess[]

  beforeEach(async () => {
    place = temporaryDirectory()
    directory = join(place.path, 'canhazgpu')
    path = join(directory, 'pool.db')
    started = []
    await makePool(path)
  })
  afterEach(async () => {
    await Promise.all(started.map(process => process.kill()))
    place[Symbol.dispose]()
  })

  /** A process of a user who lets nobody read their files, with the pool open. */
  async function processOf(user: User | 'root', access = 'write'): Promise<StoreProcess> {
    const process = await StoreProcess.start(user === 'root' ? {} : { uid: user.uid })
    started.push(process)
    await process.must('umask', '077')
    await process.must('open', `sqlite:${path}`, access)
    return process
  }

  /** Gives a user the pool for one reservation, as a command does. */
  async function reserveAs(user: User | 'root', id: string): Promise<void> {
    const process = await processOf(user)
    await process.must('reserve', id)
    await process.must('close')
  }

  test('is written by three users at once', async () => {
    const processes = await Promise.all([alice, bob, carol].map(user => processOf(user)))
    await Promise.all(
      processes.flatMap((process, i) => [
        process.must('reserve', `a${i}`),
        process.must('reserve', `b${i}`, '1'),
      ]),
    )
    expect(await reservationIds(path)).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'first'])
    expect(FILES.map(name => modeOf(join(directory, name)))).toEqual(Array(4).fill('0666'))
  })

  test('is made by root and used first by somebody else', async () => {
    await reserveAs(carol, 'hers')
    expect(await reservationIds(path)).toEqual(['first', 'hers'])
  })

  test.each([
    ['while deciding', ['decide'], 'deciding'],
    ['with half of its changes in the -wal', ['writeHalf', 'PATH'], 'half written'],
  ])('goes on when one is killed %s', async (_name, order, state) => {
    const [bobs, carols] = await Promise.all([processOf(bob), processOf(carol)])
    await bobs.must('reserve', 'before')
    const victim = await processOf(alice)
    expect(await victim.must(...order.map(word => (word === 'PATH' ? path : word)))).toBe(state)

    const [waiting, reading] = [bobs.must('reserve', 'waited'), carols.must('read')]
    expect(await reading).toMatchObject({ reservations: [{ id: 'before' }, { id: 'first' }] })
    await victim.kill()
    await waiting
    await Promise.all([carols.must('reserve', 'after'), reserveAs(alice, 'again')])
    expect(await reservationIds(path)).toEqual(['after', 'again', 'before', 'first', 'waited'])
    expect(integrityOf(path)).toBe('ok')
  })

  test('is read right after everybody was killed in the middle of a transaction', async () => {
    const [victim, other] = await Promise.all([processOf(alice), processOf(bob)])
    await other.must('reserve', 'committed')
    await victim.must('writeHalf', path)
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(100_000)
    await Promise.all([victim.kill(), other.kill()])
    const reader = await processOf(carol, 'read')
    expect(await reader.must('read')).toMatchObject({ reservations: [{ id: 'committed' }, { id: 'first' }] })
    expect(integrityOf(path)).toBe('ok')
  })

  test.each([
    ['rm -f', (name: string) => ['rm', '-f', name]],
    ['mv', (name: string) => ['mv', '-f', name, `${name}-moved`]],
    ['a file of theirs', (name: string) => ['mv', '-f', '../of-bob/file', name]],
    ['a link', (name: string) => ['ln', '-sf', '/etc/passwd', name]],
    ['chmod', (name: string) => ['chmod', '600', name]],
    ['a new file', (name: string) => ['touch', `${name}-new`]],
    ['chmod of the directory', () => ['chmod', '777', '.']],
    ['mv of the directory', () => ['mv', directory, `${directory}-moved`]],
  ])('is safe from another user: %s', (_name, commandFor) => {
    const bobs = join(place.path, 'of-bob')
    mkdirSync(bobs)
    writeFileSync(join(bobs, 'file'), 'mine')
    for (const own of [bobs, join(bobs, 'file')]) chownSync(own, bob.uid, bob.uid)
    const before = contentsOf(directory)
    for (const name of FILES) {
      const { exitCode } = Bun.spawnSync(commandFor(name), { cwd: directory, uid: bob.uid, gid: bob.uid })
      expect(exitCode).not.toBe(0)
    }
    expect(contentsOf(directory)).toEqual(before)
    expect(FILES.map(name => modeOf(join(directory, name)))).toEqual(Array(4).fill('0666'))
  })

  test.each([
    ['root, who wrote', 'root' as const, 'write'],
    ['root, who read', 'root' as const, 'read'],
    ['a user', alice, 'write'],
  ])('works on after everybody has closed it, last %s', async (_name, last, access) => {
    const processes = [await processOf(alice), await processOf(bob), await processOf(last, access)]
    await Promise.all(processes.map(process => process.must('read')))
    for (const process of processes) await process.must('close')
    expect(readdirSync(directory).sort()).toEqual(FILES)
    expect(FILES.map(name => modeOf(join(directory, name)))).toEqual(Array(4).fill('0666'))
    await reserveAs(bob, 'bobs')
    await reserveAs(carol, 'carols')
    expect(await reservationIds(path)).toEqual(['bobs', 'carols', 'first'])
  })

  test('is not harmed by a SQLite tool of a user', async () => {
    const tool = await processOf(alice)
    await tool.must('close')
    await tool.must('foreignTool', path)
    expect(readdirSync(directory).sort()).toEqual(FILES)
    await reserveAs(bob, 'bobs')
    expect(await reservationIds(path)).toEqual(['bobs', 'first'])
  })

  test("is put right by root's next command after a SQLite tool of root has tidied files away", async () => {
    const tool = await processOf('root')
    await tool.must('close')
    await tool.must('foreignTool', path)
    expect(readdirSync(directory).sort()).toEqual(['pool.db', 'pool.db-lock'])
    const process = await StoreProcess.start({ uid: bob.uid })
    started.push(process)
    expect(await process.ask('open', `sqlite:${path}`, 'write')).toMatchObject({ code: 'store-failed' })
    await reserveAs('root', 'roots')
    await reserveAs(bob, 'bobs')
    expect(await reservationIds(path)).toEqual(['bobs', 'first', 'roots'])
  })
})

function integrityOf(path: string): unknown {
  using db = new Database(path, { readonly: true })
  return db.query<{ integrity_check: string }, []>('PRAGMA integrity_check').get()?.integrity_check
}
