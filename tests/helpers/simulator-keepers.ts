import { promise } from './simulator-invariants.ts'
import type { Stage } from './simulator-stage.ts'
import type { Keeper } from './simulator-world.ts'

/** What keepers do, and what is done to them. */
export const keepers = {
  /** One finds that its process has ended; sooner or later, or a request is faster. */
  keeperReleases(stage: Stage): void {
    const keeper = stage.random.pick(stage.world.keepers)
    if (!keeper) return
    const until = stage.ledger.find(keeper.id, keeper.uid)?.until
    if (Array.isArray(until) && until.some(process => stage.world.isRunning(process))) return
    leave(stage, keeper)
    const released = release(stage, keeper)
    stage.happened(released ? 'a release by a keeper' : 'a keeper that comes too late')
  },

  keepersBeat(stage: Stage): void {
    for (const keeper of stage.world.keepers) if (!beat(stage, keeper)) leave(stage, keeper)
  },

  keeperIsKilled(stage: Stage): void {
    const keeper = stage.random.pick(stage.world.keepers)
    if (keeper) leave(stage, keeper)
  },

  /** Somebody starts a keeper by hand, for what is another's or was never there. */
  strayKeeper(stage: Stage): void {
    const id = stage.random.pick(stage.pool.reservations)?.id ?? 'run-0'
    const keeper = stage.random.pick([
      { id, uid: 4999 },
      { id: 'run-0', uid: 1000 },
    ])
    beat(stage, keeper)
    release(stage, keeper)
  },
}

function leave(stage: Stage, keeper: Keeper): void {
  stage.world.keepers = stage.world.keepers.filter(other => other !== keeper)
}

/** @returns whether there was something to release */
function release(stage: Stage, { id, uid }: Keeper): boolean {
  const decision = stage.rules.releaseKept(stage.pool, { id, uid }, stage.world.now)
  stage.write(decision, { by: 'keeper', id, uid, releases: true })
  return stage.ledger.end(entry => entry.id === id && entry.uid === uid, 'finished').length > 0
}

/** @returns whether the reservation is still there */
function beat(stage: Stage, { id, uid }: Keeper): boolean {
  const entry = stage.ledger.find(id, uid)
  const decision = stage.rules.recordHeartbeat(stage.pool, { id, uid }, stage.world.now)
  stage.write(decision, { by: 'keeper', id, uid, releases: false })
  promise(decision.result === (entry !== undefined), () => `keeper: ${id} is there: ${decision.result}`)
  if (entry?.type === 'run') entry.lastSignAt = stage.world.now
  return decision.result
}
