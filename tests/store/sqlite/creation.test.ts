import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { StoreAccessError } from '../../../src/core/errors.ts'
import { openStore } from '../../../src/store/open.ts'
import { failureOf } from '../../helpers/failure.ts'
import { contentsOf, makePool, modeOf, reservationIds } from '../../helpers/pool-files.ts'
import { StoreProcess } from '../../helpers/store-process.ts'
import { temporaryDirectory } from '../../helpers/temporary.ts'
import { canMakeUsers, makeUsers } from '../../helpers/users.ts'

const FILES = ['pool.db', 'pool.db-lock', 'pool.db-shm', 'pool.db-wal']

let place: ReturnType<typeof temporaryDirectory>
let directory: string
let path: string

beforeEach(() => {
  place = temporaryDirectory()
  directory = join(place.path, 'var', 'canhazgpu')
  path = join(directory, 'pool.db')
})
afterEach(() => place[Symbol.dispose]())

describe('a new pool', () => {
  test.each(['000', '022', '027', '077'])('is for everybody, whatever the umask (%s)', async umask => {
    await withUmask(umask, () => makePool(path))
    expect(FILES.map(name => [name, modeOf(join(directory, name))])).toEqual(
      FILES.map(name => [name, '0666']),
    )
    expect(readdirSync(directory).sort()).toEqual(FILES)
  })

  test.each(['000', '022', '027', '077'])(
    'lies in directories that all may enter and only their owner may change (umask %s)',
    async umask => {
      await withUmask(umask, () => makePool(path))
      expect([modeOf(directory), modeOf(join(directory, '..'))]).toEqual(['0755', '0755'])
    },
  )

  test('leaves the permissions of a directory that was there as they are', async () => {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    await makePool(path)
    expect(modeOf(directory)).toBe('0700')
  })

  test('belongs to whoever made it', async () => {
    const store = await openStore(`sqlite:${path}`, 'create')
    expect(await store.administratorUid()).toBe(process.getuid?.() ?? null)
  })

  test('may have any characters in its name', async () => {
    const odd = join(directory, 'pool ?mode=ro#%41 ü.db')
    await makePool(odd)
    expect(await reservationIds(odd)).toEqual(['first'])
    expect(readdirSync(directory).every(name => name.startsWith('pool ?mode=ro#%41 ü.db'))).toBe(true)
  })

  test('is made by one of six processes that create it at once, and found by the others', async () => {
    const creators = await Promise.all(Array.from({ length: 6 }, () => StoreProcess.start()))
    const answers = await Promise.all(
      creators.map(async (creator, i) => {
        await creator.must('open', `sqlite:${path}`, 'create')
        return creator.ask('initialize', String(i + 1))
      }),
    )
    await Promise.all(creators.map(creator => creator.kill()))
    const made = answers.flatMap((answer, i) => ('result' in answer ? [i + 1] : []))
    const refused = answers.flatMap(answer => ('code' in answer ? [answer.code] : []))
    expect(made.length).toBe(1)
    expect(refused).toEqual(Array(5).fill('pool-already-initialized'))
    const store = await openStore(`sqlite:${path}`, 'read')
    expect((await store.read())?.gpus.length).toBe(made[0] ?? 0)
    expect(readdirSync(directory).sort()).toEqual(FILES)
  })
})

describe('a new pool in the place of one that was deleted', () => {
  test('does not take up what stood in the old -wal', async () => {
    await makePool(path)
    const other = await StoreProcess.start()
    await other.must('open', `sqlite:${path}`, 'write')
    await other.must('reserve', 'old', '3')
    copyFileSync(`${path}-wal`, join(place.path, 'wal'))
    await other.kill()
    copyFileSync(join(place.path, 'wal'), `${path}-wal`)
    expect(Bun.file(`${path}-wal`).size).toBeGreaterThan(0)
    unlinkSync(path)

    const store = await openStore(`sqlite:${path}`, 'create')
    expect(await store.read()).toBeNull()
  })

  test('is not written by a process that still has the old one open', async () => {
    await makePool(path)
    await using old = await StoreProcess.start()
    await old.must('open', `sqlite:${path}`, 'write')
    await old.must('reserve', 'old', '1')
    unlinkSync(path)
    await makePool(path)
    await old.ask('reserve', 'late', '4')
    expect(await reservationIds(path)).toEqual(['first'])
  })
})

describe('after a creation that was killed', () => {
  test.each([
    [['pool.db-lock']],
    [['pool.db-lock', 'pool.db-new']],
    [['pool.db-lock', 'pool.db-new', 'pool.db-new-wal', 'pool.db-new-shm']],
    [['pool.db-lock', 'pool.db-new', 'pool.db-wal']],
    [['pool.db-lock', 'pool.db-new', 'pool.db-wal', 'pool.db-shm']],
  ])('the next one succeeds, with %p left behind', async leftovers => {
    mkdirSync(directory, { recursive: true })
    for (const name of leftovers) writeFileSync(join(directory, name), 'half of something')
    await makePool(path)
    expect(readdirSync(directory).sort()).toEqual(FILES)
    expect(FILES.map(name => modeOf(join(directory, name)))).toEqual(Array(4).fill('0666'))
    expect(await reservationIds(path)).toEqual(['first'])
  })
})

describe('where no pool can be made', () => {
  test('refuses a directory that is a file', async () => {
    writeFileSync(join(place.path, 'file'), 'mine')
    const inFile = join(place.path, 'file', 'pool.db')
    const failure = await failureOf(openStore(`sqlite:${inFile}`, 'create'))
    expect(failure).toBeInstanceOf(StoreAccessError)
    expect(failure).toMatchObject({ path: inFile, reason: expect.stringContaining('not a directory') })
    expect(contentsOf(place.path)).toEqual(new Map([['file', btoa('mine')]]))
  })

  test.each([
    ['a file system that makes none', '/proc/nowhere/at/all/pool.db', 'No such file or directory'],
    ['a name that is too long', `/${'a'.repeat(300)}/pool.db`, 'File name too long'],
  ])('refuses a directory that cannot be made: %s', async (_name, path, reason) => {
    const failure = await failureOf(openStore(`sqlite:${path}`, 'create'))
    expect(failure).toBeInstanceOf(StoreAccessError)
    expect(failure).toMatchObject({ path, reason })
  })

  test('does not mistake a link that leads nowhere for a missing directory', async () => {
    mkdirSync(directory, { recursive: true })
    symlinkSync('/nowhere/at/all', path)
    const failure = await failureOf(openStore(`sqlite:${path}`, 'create'))
    expect(failure).toBeInstanceOf(StoreAccessError)
    expect(failure).toMatchObject({ reason: expect.not.stringContaining('not a directory') })
  })

  test.each(['read', 'write'] as const)('makes nothing when it is opened to %s', async access => {
    const store = await openStore(`sqlite:${path}`, access)
    expect(await store.read()).toBeNull()
    expect(existsSync(directory)).toBe(false)
  })
})

describe.skipIf(!canMakeUsers)('for a user who may not write there', () => {
  const [user] = makeUsers('maker')

  test.each([
    ['in a directory that is there', 0o755, 'pool.db'],
    ['in one that would have to be made', 0o755, join('sub', 'directory', 'pool.db')],
    ['behind one that may not be entered', 0o700, join('sub', 'pool.db')],
  ])('is refused %s, and nothing is left behind', async (_name, mode, name) => {
    mkdirSync(directory, { recursive: true })
    chmodSync(directory, mode)
    await using creator = await StoreProcess.start({ uid: user.uid })
    expect(await creator.ask('open', `sqlite:${join(directory, name)}`, 'create')).toMatchObject({
      code: 'store-access',
    })
    expect(readdirSync(directory)).toEqual([])
  })
})

async function withUmask<T>(umask: string, act: () => Promise<T>): Promise<T> {
  const before = process.umask(Number.parseInt(umask, 8))
  try {
    return await act()
  } finally {
    process.umask(before)
  }
}
