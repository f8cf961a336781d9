import { administer } from '../../src/core/administer.ts'
import { adopt } from '../../src/core/adopt.ts'
import { applyChanges, type Decision } from '../../src/core/changes.ts'
import { extend } from '../../src/core/extend.ts'
import { tendIdle } from '../../src/core/idle.ts'
import { poolThen } from '../../src/core/outdated.ts'
import type { Pool, ProcessIdentity } from '../../src/core/pool.ts'
import { leaveQueue, poolQueue, stayInQueue } from '../../src/core/queue.ts'
import { recordHeartbeat, releaseByWord, releaseKept, releaseManual } from '../../src/core/release.ts'
import { type Request, reserve } from '../../src/core/reserve.ts'
import { poolStatus } from '../../src/core/status.ts'
import type { Usage } from '../../src/core/usage.ts'
import { aPool, MINUTE } from './pools.ts'
import { type Cause, checkLine, checkOwnership, checkReservations, promise } from './simulator-invariants.ts'
import { Ledger } from './simulator-ledger.ts'
import { Look, tenureOf } from './simulator-look.ts'
import type { Random } from './simulator-random.ts'
import { NAMESPACES, type Observer, World } from './simulator-world.ts'

/** What is played with; a test may put a broken rule in. */
export const rules = {
  administer,
  adopt,
  applyChanges,
  extend,
  leaveQueue,
  poolQueue,
  poolStatus,
  poolThen,
  recordHeartbeat,
  releaseByWord,
  releaseKept,
  releaseManual,
  reserve,
  stayInQueue,
  tendIdle,
}

export type Rules = typeof rules

/** A process that asks for GPUs, and perhaps waits for them. */
export interface Asker {
  readonly request: Request
  readonly process: ProcessIdentity
  readonly thresholdMiB: number
}

/** One that is between its probe and its decision. */
export interface Asking extends Asker {
  readonly look: Look
  readonly usage: Usage
  readonly observer: Observer
}

/** All that one schedule plays with: the true world, the pool as the rules have made it, and the ledger beside it. */
export class Stage {
  readonly world: World
  readonly ledger: Ledger
  readonly uids: readonly [number, ...number[]]
  /** The host's `idle-release`. */
  readonly idleReleaseMs: number | null
  pool: Pool = aPool({ gpus: 0 })
  asking: Asking[] = []
  /** Asleep in the line, or out of it without knowing. */
  waiters: Asker[] = []
  private lastNumber = 0
  private hasWritten = true

  constructor(
    readonly random: Random,
    readonly rules: Rules,
    /** Hears what a schedule has come to, so that a test can see that it comes to everything. */
    readonly happened: (what: string) => void,
    /** Whether every answer is judged, and not only what comes of all of them. */
    readonly isJudged: boolean,
  ) {
    this.world = new World(random)
    this.ledger = new Ledger(this.world)
    this.idleReleaseMs = random.pick([null, 0, 0, 5 * MINUTE, 15 * MINUTE])
    this.uids = [1000, ...Array.from({ length: random.int(0, 4) }, (_, more) => 1001 + more)]
  }

  newId(prefix: string): string {
    return `${prefix}-${++this.lastNumber}`
  }

  observer(): Observer {
    const [host, container] = NAMESPACES
    return { pidNamespace: this.random.chance(0.7) ? host : container, blind: this.random.chance(0.05) }
  }

  /** Asks the tool, and keeps who had what at that moment; null when it fails. */
  look(observer: Observer): { look: Look; usage: Usage } | null {
    const probed = this.world.probe()
    if (!probed) {
      this.happened('a probe that failed')
      return null
    }
    const sightings = this.world.sightings(this.pool, observer)
    const poolThen = this.rules.poolThen(this.pool, sightings, this.world.now)
    return { look: new Look(probed, tenureOf(this.ledger, observer)), usage: { ...probed.usage, poolThen } }
  }

  /** Writes a decision, as a store would, if it breaks no promise. */
  write(decision: Decision<unknown>, cause: Cause): void {
    const before = this.pool
    const after = this.rules.applyChanges(before, decision.changes)
    if (!after) throw new Error('the pool is gone')
    checkOwnership(after)
    checkReservations(before, after, cause, this.world)
    checkLine(before, after, cause, this.world)
    this.ledger.history.hear(decision.changes)
    this.pool = after
    this.hasWritten = true
  }

  /** Compares all that is kept with the ledger, after each step; no two steps are in one millisecond. */
  checkBooks(): void {
    this.world.now++
    if (!this.hasWritten) return
    this.hasWritten = false
    const difference = this.ledger.difference(this.pool)
    promise(difference === null, () => `ledger: ${difference}`)
    const untold = this.ledger.history.difference()
    promise(untold === null, () => `history: ${untold}`)
  }
}
