import { applyChanges, type Decision } from '../../core/changes.ts'
import { DAY_MS } from '../../core/duration.ts'
import { OtherMachineError, StoreBusyError } from '../../core/errors.ts'
import type { UsageRecord } from '../../core/history.ts'
import type { Pool, RunReservation } from '../../core/pool.ts'
import type { Use } from '../../core/report.ts'
import { type Life, putBack } from '../../core/restore.ts'
import type { Fleet, HistoryMs, Listener, NumberedEvent, Store, Survivors } from '../store.ts'
import { alone } from './alone.ts'
import { Client } from './client.ts'
import { commitArguments, lifeAfter } from './commit.ts'
import { RedisFleet } from './fleet.ts'
import { FIELDS, type HeldPool, heldPool } from './held-pool.ts'
import { FLEET, type HostKeys, keysOf } from './keys.ts'
import { inLine } from './line.ts'
import { isSameMachine, machineName, ownerAfter, thisMachine } from './machine.ts'
import { Restarts } from './restarts.ts'
import commit from './scripts/commit.lua' with { type: 'text' }
import sign from './scripts/sign.lua' with { type: 'text' }
import { checkedHost, parseRedisUrl, type RedisPlace } from './url.ts'

/** After a pool was found to be changed, somebody else has just committed: the pause is about as long as a commit takes. */
const FIRST_PAUSE_MS = 1
/** As long as a crowd without a line may take. */
const LONGEST_PAUSE_MS = 500
const DECISION_TIMEOUT_MS = 10_000

/** The pools of many hosts on one server; this is one of them, and `fleet` tells of all. */
export class RedisStore implements Store {
  readonly fleet: Fleet
  private readonly client: Client
  private readonly keys: HostKeys
  /** The pool when it was looked at last. */
  private seen: HeldPool | null = null

  private constructor(
    private readonly place: RedisPlace,
    private readonly historyMs: HistoryMs,
    private readonly survivors: Survivors | null,
  ) {
    this.client = new Client(place)
    this.keys = keysOf(place.host)
    this.fleet = new RedisFleet(this.client, place.host, async () => isOurs(this.seen ?? (await this.load())))
  }

  /** @throws {UsageError} when the URL is none, or the host's name */
  static open(
    url: string,
    { historyMs, survivors }: { historyMs: HistoryMs; survivors: Survivors | null },
  ): RedisStore {
    const place = parseRedisUrl(url)
    return new RedisStore({ ...place, host: checkedHost(place.host || machineName()) }, historyMs, survivors)
  }

  async read(): Promise<Pool | null> {
    return (await this.load()).pool
  }

  async update<T>(decide: (pool: Pool | null, life: Life | null) => Decision<T>): Promise<T> {
    const restarts = this.survivors && new Restarts(this.client, this.keys)
    await this.client.connect()
    const { result, copy } = await inLine(() => this.decideAndCommit(decide, restarts))
    if (copy) await this.leaveCopy(copy)
    return result
  }

  async usageRecords(since: number): Promise<UsageRecord[]> {
    const { readRecords } = await import('./history.ts')
    const records: UsageRecord[] = []
    await readRecords(this.client, this.keys.records, { since }, record => records.push(record))
    return records
  }

  async readWithUses(since: number, visit: (use: Use) => void): Promise<Pool | null> {
    const { readWithRecords } = await import('./history.ts')
    return readWithRecords(this.client, this.keys, since, visit)
  }

  async events(range: { after: number; limit: number }): Promise<NumberedEvent[]> {
    const { readEvents } = await import('./history.ts')
    return readEvents(this.client, this.keys.events, range)
  }

  async listen(): Promise<Listener> {
    const { RedisListener } = await import('./listener.ts')
    return RedisListener.start(this.place, this.keys.updated)
  }

  alone<T>(act: () => Promise<T>): Promise<T | null> {
    return alone(this.client, this.keys.alone, act)
  }

  /** Who may do what is the server's to say. */
  async administratorUid(): Promise<null> {
    return null
  }

  close(): void {
    this.client.close()
  }

  private async load(): Promise<HeldPool> {
    return this.held(await this.client.ask('HMGET', this.keys.pool, ...FIELDS))
  }

  private held(fields: unknown): HeldPool {
    this.seen = heldPool(fields as Parameters<typeof heldPool>[0], {
      key: this.keys.pool,
      shown: this.place.shown,
    })
    return this.seen
  }

  /** @returns what was decided, and what was written, if anything was */
  private async decideAndCommit<T>(
    decide: (pool: Pool | null, life: Life | null) => Decision<T>,
    restarts: Restarts | null,
  ): Promise<{ result: T; copy: HeldPool | null }> {
    const startedAt = performance.now()
    const [first, lost] = restarts ? await this.loadWithLost(restarts) : [await this.load(), null]
    let held = first
    for (let attempt = 0; ; attempt++) {
      const restored = held.pool && lost ? putBack(held.pool, lost, Date.now()) : []
      const { changes: decided, result } = decide(applyChanges(held.pool, restored), held.life)
      const changes = [...restored, ...decided]
      const isStart = changes.some(({ kind }) => kind === 'initialize')
      if (!isStart) this.refuseFromElsewhere(held)
      if (lost && changes.length === 0) await restarts?.mark()
      if (changes.length === 0) return { result, copy: null }
      const pool = applyChanges(held.pool, changes)
      if (!pool) throw new Error('changes decided for a pool that does not exist')
      const machine = ownerAfter(held.machine, thisMachine())
      const wanted = { ...held, pool, life: lifeAfter(held.life, changes), machine }
      const present = await this.commit(wanted, changes)
      if (present.isDone && lost) await restarts?.mark()
      if (present.isDone) return { result, copy: present }
      held = present
      if (performance.now() - startedAt > DECISION_TIMEOUT_MS)
        throw new StoreBusyError(this.place.shown, DECISION_TIMEOUT_MS, null)
      await pause(attempt)
    }
  }

  /**
   * @returns the pool, and what it does not know of though it lives here; null where the server has forgotten nothing since this
   *   was asked last. Whoever ends a reservation writes that down in the same step, so what has an end was not lost
   */
  private async loadWithLost(restarts: Restarts): Promise<[HeldPool, readonly RunReservation[] | null]> {
    const { reply, isMarked } = await restarts.askWithMark('HMGET', this.keys.pool, ...FIELDS)
    const held = this.held(reply)
    if (isMarked || !held.pool || held.pool.move || !isOurs(held)) return [held, null]
    const claims = this.survivors?.() ?? []
    if (claims.length === 0) return [held, []]
    const ended = await this.usageRecords(Math.min(...claims.map(({ reservedAt }) => reservedAt)) - DAY_MS)
    const endedIds = new Set(ended.map(({ id }) => id))
    return [held, claims.filter(({ id }) => !endedIds.has(id))]
  }

  /** A process of another machine looks gone from here, and its GPUs would be given away. */
  private refuseFromElsewhere(held: HeldPool): void {
    if (!isOurs(held)) throw new OtherMachineError(this.place.host)
  }

  /** @param wanted with the revision that was decided on @returns the pool as it is now, and whether that is what was wanted */
  private async commit(
    wanted: HeldPool,
    changes: Decision<unknown>['changes'],
  ): Promise<HeldPool & { isDone: boolean }> {
    const { keys, historyMs } = this
    const reply = await this.client.run(
      commit,
      [keys.pool, keys.records, keys.events, keys.done(crypto.randomUUID())],
      commitArguments(wanted, changes, { channel: keys.updated, historyMs }),
    )
    const [answer, ...fields] = Array.isArray(reply) ? (reply as unknown[]) : []
    if (answer === 'changed') return { ...this.held(fields), isDone: false }
    return { ...wanted, revision: String(fields[0]), isDone: true }
  }

  /** Leaves a copy for other hosts to look at. When that cannot be done now, it is with the next update. */
  private async leaveCopy({ revision, pool }: HeldPool): Promise<void> {
    const args = [this.place.host, String(Date.now()), revision, JSON.stringify(pool), '']
    await this.client.run(sign, [FLEET], args).catch(() => {})
  }
}

/** Whether a pool is of this machine, or nobody's yet. */
function isOurs({ machine }: HeldPool): boolean {
  return machine === null || isSameMachine(machine, thisMachine())
}

function pause(attempt: number): Promise<void> {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt)
  return new Promise(resolve => setTimeout(resolve, longest * Math.random()))
}
