import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StoreDamagedError, StoreFailedError } from '../../../src/core/errors.ts'
import type { StoreAccess } from '../../../src/store/store.ts'
import { failureOf } from '../../helpers/failure.ts'
import {
  changeBehindItsBack,
  contentsOf,
  makePool,
  reservationIds,
  useStore,
} from '../../helpers/pool-files.ts'
import { StoreProcess } from '../../helpers/store-process.ts'
import { temporaryDirectory } from '../../helpers/temporary.ts'

/** The page size of a pool file, as create.ts chooses it. */
const PAGE = 1024

/** What can become of a pool file that was whole. */
const DAMAGES: Record<string, (path: string) => void> = {
  'cut to nothing': path => truncateSync(path, 0),
  'cut after 10 bytes': path => truncateSync(path, 10),
  'cut in the middle of a page': path => truncateSync(path, 1.5 * PAGE),
  'cut after a page': path => truncateSync(path, PAGE),
  'cut by the last byte': path => truncateSync(path, statSync(path).size - 1),
  'overwritten with garbage': path => writeFileSync(path, garbage(5 * PAGE)),
  'overwritten with a little text': path => writeFileSync(path, 'pool = none\n'),
  'overwritten with zeros': path => writeFileSync(path, Buffer.alloc(4 * PAGE)),
  'garbage behind the header': path => overwrite(path, 100, garbage(PAGE - 100)),
  'garbage in the tables': path => overwrite(path, PAGE, garbage(statSync(path).size - PAGE)),
  'replaced by another SQLite database': path => {
    rmSync(path)
    changeBehindItsBack(path, 'CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES (1)')
  },
  'replaced by an empty SQLite database': path => {
    rmSync(path)
    changeBehindItsBack(path, 'CREATE TABLE notes (text TEXT); DROP TABLE notes')
  },
  'robbed of a table': path => changeBehindItsBack(path, 'DROP TABLE gpu'),
}

let place: ReturnType<typeof temporaryDirectory>
let path: string

beforeEach(() => {
  place = temporaryDirectory()
  path = join(place.path, 'pool.db')
})
afterEach(() => place[Symbol.dispose]())

describe.each(Object.entries(DAMAGES))('a pool file that was %s', (_name, damage) => {
  test.each<StoreAccess>(['read', 'write', 'create'])(
    'is refused by name to %s, and neither changed nor made anew',
    async access => {
      await makePool(path)
      damage(path)
      const before = readFileSync(path)
      const failure = await failureOf(useStore(path, access))
      expect(failure).toBeInstanceOf(StoreDamagedError)
      expect(failure).toMatchObject({ path, message: expect.stringContaining(path) })
      expect(readFileSync(path).equals(before)).toBe(true)
      const names = [...contentsOf(place.path).keys()]
      expect(names.filter(name => !/^pool\.db(-wal|-shm|-lock)?$/.test(name))).toEqual([])
    },
  )
})

describe('a directory in the place of the pool', () => {
  test.each<StoreAccess>(['read', 'write', 'create'])('is refused to %s', async access => {
    mkdirSync(path)
    const failure = await failureOf(useStore(path, access))
    expect(failure).toBeInstanceOf(StoreFailedError)
    expect(failure).toMatchObject({ path, reason: 'it is a directory' })
    expect((failure as Error).message).toEndWith(`name a file in it: --store sqlite:${path}/pool.db`)
    expect(contentsOf(path).size).toBe(0)
  })
})

test('a pool is whole again when the damaged file is moved away and a new one made, as the message says', async () => {
  await makePool(path)
  overwrite(path, 0, garbage(2 * PAGE))
  await failureOf(useStore(path, 'write'))
  rmSync(path)
  await makePool(path)
  expect(await reservationIds(path)).toEqual(['first'])
})

test('garbage in the -wal costs what stood in it, and the pool goes on', async () => {
  await makePool(path)
  const process = await StoreProcess.start()
  await process.must('open', `sqlite:${path}`, 'write')
  await process.must('reserve', 'in-the-wal')
  await process.kill()
  overwrite(`${path}-wal`, 0, garbage(statSync(`${path}-wal`).size))
  expect(await reservationIds(path)).toEqual(['first'])
  await useStore(path, 'write')
})

/** Bytes that mean nothing, the same in every run. */
function garbage(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 73 + (i >> 8) * 31 + 7) % 251))
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const content = readFileSync(path)
  bytes.copy(content, at)
  writeFileSync(path, content)
}
