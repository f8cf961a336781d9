import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { StoreDamagedError, StoreTooNewError } from '../../../src/core/errors.ts'
import { openStore } from '../../../src/store/open.ts'
import type { StoreAccess } from '../../../src/store/store.ts'
import { failureOf } from '../../helpers/failure.ts'
import { changeBehindItsBack, contentsOf, makePool, useStore } from '../../helpers/pool-files.ts'
import { StoreProcess } from '../../helpers/store-process.ts'
import { temporaryDirectory } from '../../helpers/temporary.ts'

const KNOWN_VERSION = 2
const ACCESSES: StoreAccess[] = ['read', 'write', 'create']

let place: ReturnType<typeof temporaryDirectory>
let path: string

beforeEach(() => {
  place = temporaryDirectory()
  path = join(place.path, 'pool.db')
})
afterEach(() => place[Symbol.dispose]())

describe('a pool from a newer version', () => {
  test.each(ACCESSES)('is refused to %s, and stays as it is byte for byte', async access => {
    await makePool(path)
    changeBehindItsBack(path, `PRAGMA user_version = ${KNOWN_VERSION + 1}`)
    const before = contentsOf(place.path)
    const failure = await failureOf(useStore(path, access))
    expect(failure).toBeInstanceOf(StoreTooNewError)
    expect(failure).toMatchObject({ path, version: KNOWN_VERSION + 1, knownVersion: KNOWN_VERSION })
    expect(withoutIndex(contentsOf(place.path))).toEqual(withoutIndex(before))
  })
})

describe('a pool without a schema yet', () => {
  beforeEach(() => makeEmpty(0))

  test.each(ACCESSES)('has the schema of today after it was opened to %s', async access => {
    const store = await openStore(`sqlite:${path}`, access)
    expect(await store.read()).toBeNull()
    store.close()
    expect(versionOf()).toBe(KNOWN_VERSION)
    await useStore(path, 'write')
  })

  test('is migrated once when 12 processes open it at the same time', async () => {
    const processes = await Promise.all(Array.from({ length: 12 }, () => StoreProcess.start()))
    const answers = await Promise.all(
      processes.map((process, i) => process.ask('open', `sqlite:${path}`, i % 2 === 0 ? 'write' : 'read')),
    )
    await Promise.all(processes.map(process => process.kill()))
    expect(answers).toEqual(Array(12).fill({ result: null }))
    expect(versionOf()).toBe(KNOWN_VERSION)
    await useStore(path, 'write')
  })

  test.each(ACCESSES)('stays as it is when a migration fails, opened to %s', async access => {
    // The first migration makes a table of this name, after another.
    changeBehindItsBack(path, 'CREATE TABLE reservation (mine TEXT)')
    await failureOf(useStore(path, access))
    expect(versionOf()).toBe(0)
    expect(tables()).toEqual(['reservation'])
  })
})

test.each(ACCESSES)('a schema number that no version has is damage, opened to %s', async access => {
  await makePool(path)
  changeBehindItsBack(path, 'PRAGMA user_version = -1')
  const before = contentsOf(place.path)
  const failure = await failureOf(useStore(path, access))
  expect(failure).toBeInstanceOf(StoreDamagedError)
  expect(failure).toMatchObject({ path })
  expect(withoutIndex(contentsOf(place.path))).toEqual(withoutIndex(before))
})

/** A database that is marked as ours and has nothing in it. */
function makeEmpty(version: number): void {
  using db = new Database(path)
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA application_id = 0x63687a67; PRAGMA user_version = ${version}`)
}

function versionOf(): number | undefined {
  using db = new Database(path, { readonly: true })
  return db.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version
}

function tables(): string[] {
  using db = new Database(path, { readonly: true })
  return db
    .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map(({ name }) => name)
}

/** The -shm is an index over the -wal that SQLite makes anew whenever it likes; an empty -wal is as good as none. */
function withoutIndex(files: Map<string, string>): Map<string, string> {
  return new Map([...files].filter(([name, content]) => !name.endsWith('-shm') && content !== ''))
}
