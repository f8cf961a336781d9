/**
 * A process that uses a store: it takes orders from stdin, one JSON array a line, and answers each with one line of JSON.
 * See ../store-process.ts, which starts it.
 */

import { Database } from 'bun:sqlite'
import { type LockingProcess, StoreBusyError, UserError } from '../../../src/core/errors.ts'
import { initialize } from '../../../src/core/initialize.ts'
import type { Pool, RunReservation } from '../../../src/core/pool.ts'
import { reserve } from '../../../src/core/reserve.ts'
import { openStore } from '../../../src/store/open.ts'
import type { Listener, Store, StoreAccess } from '../../../src/store/store.ts'
import { aHolder, aManual, anEntry, anyGpus, aRequest, idle, NOW, someFacts } from '../pools.ts'

/** What an order came to. */
export type Answer =
  | { readonly result: unknown }
  | {
      readonly error: string
      readonly code: string | null
      readonly message: string
      readonly lockedBy: LockingProcess | null
    }

let opened: Store | null = null
let listener: Listener | null = null

function store(): Store {
  if (!opened) throw new Error('no store is open')
  return opened
}

function initialized(pool: Pool | null): Pool {
  if (!pool) throw new Error('the pool is not initialized')
  return pool
}

const orders: Record<string, (...words: string[]) => unknown> = {
  umask: mask => process.umask(Number.parseInt(mask ?? '', 8)),

  async open(url = '', access = 'read') {
    opened = await openStore(url, access as StoreAccess)
  },
  read: () => store().read(),
  close: () => store().close(),

  /** What `admin` decides. */
  initialize: gpuCount =>
    store().update(pool =>
      initialize(pool, { provider: 'fake', gpuCount: Number(gpuCount), force: false, by: aHolder() }, NOW),
    ),

  /** What `reserve` decides, on idle GPUs. */
  async reserve(id = '', count = '1') {
    const answer = await store().update(stored => {
      const pool = initialized(stored)
      const request = aRequest({ id, wanted: anyGpus(Number(count)) })
      return reserve(pool, request, someFacts({ usage: idle(pool.gpus.length) }))
    })
    if (answer.kind === 'refused') throw answer.error
    return answer.kind === 'granted' ? answer.reservation.gpus : []
  },

  /** Adds 1 to the instant of a run reservation's heartbeat, many times, a transaction each. */
  async count(id = '', times = '1') {
    for (let i = 0; i < Number(times); i++) {
      await store().update(pool => {
        const run = initialized(pool).reservations.find((other): other is RunReservation => other.id === id)
        return { changes: [{ kind: 'heartbeat', id, at: (run?.heartbeatAt ?? NaN) + 1 }], result: undefined }
      })
    }
  },

  /** Lets one request wait and have all GPUs by turns, many times, each time in one decision. */
  async handOver(times = '1') {
    for (let i = 0; i < Number(times); i++) {
      await store().update(stored => {
        const { gpus, reservations, queue } = initialized(stored)
        const id = crypto.randomUUID()
        return {
          changes: [
            ...reservations.map(({ id }) => ({ kind: 'remove' as const, id, releasedAt: i })),
            ...queue.map(({ id }) => ({ kind: 'dequeue' as const, id })),
            queue.length > 0
              ? { kind: 'add', reservation: aManual({ id, gpus: gpus.map(({ index }) => index) }) }
              : { kind: 'enqueue', entry: anEntry({ id }) },
          ],
          result: undefined,
        }
      })
    }
  },

  /** Reads many times. @returns each state that was seen: how many wait, and how many GPUs are held */
  async watch(times = '1') {
    const seen = new Set<string>()
    for (let i = 0; i < Number(times); i++) {
      const { queue, reservations } = initialized(await store().read())
      seen.add(`${queue.length} waiting, ${reservations.flatMap(({ gpus }) => gpus).length} held`)
    }
    return [...seen].sort()
  },

  async listen() {
    listener = await store().listen()
  },

  /** Waits on the listener. @returns whether it was woken */
  async wait(timeoutMs = '0', ...pids: string[]) {
    return listener?.wait(pids.map(Number), Number(timeoutMs))
  },

  /**
   * Counts together with others, each when it is its turn, and sleeps in between until it is woken.
   * @returns whether it was always woken
   */
  async takeTurns(id = '', me = '0', players = '1', rounds = '1') {
    const last = Number(players) * Number(rounds)
    for (;;) {
      const count =
        initialized(await store().read()).queue.find(entry => entry.id === id)?.heartbeatAt ?? last
      if (count >= last) return true
      if (count % Number(players) === Number(me)) {
        const next = { kind: 'heartbeat', id, at: count + 1 } as const
        await store().update(() => ({ changes: [next], result: undefined }))
      } else if (!(await listener?.wait([], 10_000))) return false
    }
  },

  /** Decides for ever: the lock is held, and nothing is written yet. */
  decide: () =>
    store().update(() => {
      answer({ result: 'deciding' })
      for (;;) Bun.sleepSync(1000)
    }),

  /** Reads as any SQLite tool does, and so tidies the -wal and -shm away if it closes last and may. */
  foreignTool(path = '') {
    const db = new Database(path, { readwrite: true })
    db.query('SELECT count(*) FROM gpu').get()
    db.close()
  },

  /** Writes so much that it spills into the -wal, and does not commit. */
  writeHalf(path = '') {
    const db = new Database(path, { readwrite: true })
    db.exec('PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE gpu SET last_released_at = 666')
    for (let i = 0; i < 500; i++) {
      db.run(
        `INSERT INTO reservation (id, type, uid, user_name, reserved_at, waited_ms, unused_gpu_ms, ends_at)
         VALUES (?, 'manual', 1, 'half', 1, 0, 0, 2)`,
        [`half-${i}-${'x'.repeat(200)}`],
      )
    }
    answer({ result: 'half written' })
    for (;;) Bun.sleepSync(1000)
  },
}

function answer(what: Answer): void {
  console.log(JSON.stringify(what))
}

for await (const line of console) {
  const [order = '', ...words] = JSON.parse(line) as string[]
  try {
    answer({ result: (await orders[order]?.(...words)) ?? null })
  } catch (error) {
    const { name, message } = error as Error
    answer({
      error: (error as Error).constructor.name || name,
      code: error instanceof UserError ? error.code : null,
      message,
      lockedBy: error instanceof StoreBusyError ? error.lockedBy : null,
    })
  }
}
