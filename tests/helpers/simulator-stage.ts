import { applyChanges, type Decision } from '../../src/core/changes.ts'
import { initialize } from '../../src/core/initialize.ts'
import type { Pool } from '../../src/core/pool.ts'
import { recordHeartbeat, releaseKept, releaseManual } from '../../src/core/release.ts'
import { type Request, reserve } from '../../src/core/reserve.ts'
import { poolStatus } from '../../src/core/status.ts'
import { aPool } from './pools.ts'
import { type Cause, checkOwnership, checkReservations } from './simulator-invariants.ts'
import { Ledger } from './simulator-ledger.ts'
import type { Random } from './simulator-random.ts'
import { NAMESPACES, type Observer, type Probed, World } from './simulator-world.ts'

/** What is played with; a test may put a broken rule in. */
export const rules = {
  applyChanges,
  initialize,
  poolStatus,
  recordHeartbeat,
  releaseKept,
  releaseManual,
  reserve,
}

export type Rules = typeof rules

/** A command between its probe and its decision. */
export interface Asking {
  readonly request: Request
  readonly probed: Probed
  readonly thresholdMiB: number
  readonly observer: Observer
}

/** A keeper, by what it keeps. */
export interface Keeper {
  readonly id: string
  readonly uid: number
}

/** All that one schedule plays with: the true world, the pool as the rules have made it, and the ledger beside it. */
export class Stage {
  readonly world: World
  readonly ledger: Ledger
  readonly uids: readonly [number, ...number[]]
  pool: Pool = aPool({ gpus: 0 })
  asking: Asking[] = []
  keepers: Keeper[] = []
  private lastNumber = 0

  constructor(
    readonly random: Random,
    readonly rules: Rules,
    /** Hears what a schedule has come to, so that a test can see that it comes to everything. */
    readonly happened: (what: string) => void,
  ) {
    this.world = new World(random)
    this.ledger = new Ledger(this.world)
    this.uids = [1000, ...Array.from({ length: random.int(0, 4) }, (_, more) => 1001 + more)]
  }

  newId(prefix: string): string {
    return `${prefix}-${++this.lastNumber}`
  }

  observer(): Observer {
    const [host, container] = NAMESPACES
    return { pidNamespace: this.random.chance(0.7) ? host : container, blind: this.random.chance(0.05) }
  }

  /** Writes a decision, as a store would, if it breaks no promise. */
  write(decision: Decision<unknown>, cause: Cause): void {
    const before = this.pool
    const after = this.rules.applyChanges(before, decision.changes)
    if (!after) throw new Error('the pool is gone')
    checkOwnership(after)
    checkReservations(before, after, cause, this.world)
    this.pool = after
  }
}
