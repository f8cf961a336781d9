import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { StoreDamagedError, StoreTooNewError } from '../../../src/core/errors.ts'
import type { Pool } from '../../../src/core/pool.ts'
import { openStore } from '../../../src/store/open.ts'
import version1 from '../../../src/store/sqlite/migrations/0001-pool.sql' with { type: 'text' }
import type { StoreAccess } from '../../../src/store/store.ts'
import { failureOf } from '../../helpers/failure.ts'
import { changeBehindItsBack, contentsOf, makePool, useStore } from '../../helpers/pool-files.ts'
import { aHolder, aManual, aPool, aProcess, aRun } from '../../helpers/pools.ts'
import { StoreProcess } from '../../helpers/store-process.ts'
import { temporaryDirectory } from '../../helpers/temporary.ts'

const KNOWN_VERSION = 3
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

describe('a pool of version 1', () => {
  const [alice, bob] = [aHolder(1000), { uid: 1001, userName: "O'Brien" }]
  const kept = aPool({
    gpus: [5000, null, 7000, null, null],
    provider: 'fake',
    reservations: [
      aManual({ id: 'm', holder: bob, gpus: [2], reservedAt: 1000, expiresAt: 9000 }),
      aRun({ id: 'r1', holder: alice, gpus: [0, 3], reservedAt: 2000, heartbeatAt: 3000 }),
      aRun({ id: 'r2', holder: bob, gpus: [1], reservedAt: 4, heartbeatAt: 5, processes: [aProcess(99)] }),
    ],
  })
  beforeEach(() => makeVersion1(kept))

  test.each(ACCESSES)('keeps everything when it is opened to %s', async access => {
    const store = await openStore(`sqlite:${path}`, access)
    expect(await store.read()).toEqual(inOrder(kept))
    expect(await store.usageRecords(0)).toEqual([])
    expect(await store.events({ after: 0, limit: 10 })).toEqual([])
    store.close()
    expect(versionOf()).toBe(KNOWN_VERSION)
  })

  test('gives its GPUs back afterwards as any other pool does', async () => {
    const store = await openStore(`sqlite:${path}`, 'write')
    await store.update(() => ({
      changes: [{ kind: 'remove', id: 'r1', releasedAt: 8000 }],
      result: undefined,
    }))
    expect((await store.read())?.gpus).toMatchObject([
      { lastReleasedAt: 8000, lastHolderUid: 1000, lastReservationId: 'r1' },
      { lastReleasedAt: null, lastHolderUid: null, lastReservationId: null },
      { lastReleasedAt: 7000, lastHolderUid: null, lastReservationId: null },
      { lastReleasedAt: 8000, lastHolderUid: 1000, lastReservationId: 'r1' },
      { lastReleasedAt: null, lastHolderUid: null, lastReservationId: null },
    ])
    store.close()
  })

  test('is migrated once, and everything is kept, when 12 processes open it at the same time', async () => {
    const processes = await Promise.all(Array.from({ length: 12 }, () => StoreProcess.start()))
    const opened = processes.map((process, i) =>
      process.ask('open', `sqlite:${path}`, i % 2 === 0 ? 'write' : 'read'),
    )
    expect(await Promise.all(opened)).toEqual(Array(12).fill({ result: null }))
    const pools = await Promise.all(processes.map(process => process.must('read')))
    await Promise.all(processes.map(process => process.kill()))
    expect(pools).toEqual(Array(12).fill(inOrder(kept)))
    expect(versionOf()).toBe(KNOWN_VERSION)
  })

  test.each(ACCESSES)('stays as it is when the migration fails, opened to %s', async access => {
    // The second migration makes a table of this name, after it has moved the reservations.
    changeBehindItsBack(path, 'CREATE TABLE queue_entry (mine TEXT)')
    await failureOf(useStore(path, access))
    expect(versionOf()).toBe(1)
    using db = new Database(path, { readonly: true })
    expect(db.query('SELECT id, pid FROM reservation ORDER BY id').values()).toEqual([
      ['m', null],
      ['r1', 4711],
      ['r2', 99],
    ])
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

/** A pool as version 1 has written it. */
function makeVersion1({ provider, gpus, reservations }: Pool): void {
  makeEmpty(1)
  using db = new Database(path)
  db.exec(version1)
  db.run('INSERT INTO pool VALUES (1, ?)', [provider])
  for (const reservation of reservations) {
    const { id, type, holder, reservedAt } = reservation
    const run = reservation.type === 'run' ? reservation : null
    const process = run?.processes[0]
    db.run('INSERT INTO reservation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', [
      ...[id, type, holder.uid, holder.userName, reservedAt],
      ...[reservation.type === 'manual' ? reservation.expiresAt : null, run?.heartbeatAt ?? null],
      ...[process?.bootId ?? null, process?.pidNamespace ?? null],
      ...[process?.pid ?? null, process?.startTicks ?? null],
    ])
  }
  for (const { index, lastReleasedAt } of gpus) {
    const holder = reservations.find(reservation => reservation.gpus.includes(index))
    db.run('INSERT INTO gpu VALUES (?, ?, ?)', [index, lastReleasedAt, holder?.id ?? null])
  }
}

/** Reservations as a store gives them: by their first GPU. */
function inOrder(pool: Pool): Pool {
  return { ...pool, reservations: pool.reservations.toSorted((a, b) => (a.gpus[0] ?? 0) - (b.gpus[0] ?? 0)) }
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
