import { commands, startOver } from './simulator-commands.ts'
import { events } from './simulator-events.ts'
import { promise } from './simulator-invariants.ts'
import { keepers } from './simulator-keepers.ts'
import { Random } from './simulator-random.ts'
import { type Rules, rules, Stage } from './simulator-stage.ts'

const actions = { ...commands, ...keepers, ...events }

/** How often each thing happens. */
const WEIGHTS: Readonly<Record<keyof typeof actions, number>> = {
  ask: 20,
  decide: 22,
  release: 4,
  status: 8,
  admin: 0.7,
  keeperReleases: 5,
  keepersBeat: 5,
  keeperIsKilled: 2,
  strayKeeper: 2,
  timePasses: 12,
  clockIsSet: 1,
  jobEnds: 6,
  askerIsKilled: 1,
  reboot: 0.5,
  holderComputes: 6,
  intruderComputes: 3,
  computingStops: 8,
  gpuFallsOrRecovers: 2,
}

/** How many of the last steps a failure tells. */
const TOLD_STEPS = 12

/**
 * Plays one schedule: a host with some users, whose every step the seed chooses, on the pure rules and beside them on a
 * ledger. After every step the promises of the design are checked, and the pool is compared with the ledger.
 *
 * @throws {Error} with the seed, and how to play it again
 */
export function playSchedule(
  seed: number,
  { happened = () => {}, broken = {} }: { happened?: (what: string) => void; broken?: Partial<Rules> } = {},
): void {
  const random = new Random(seed)
  const stage = new Stage(random, { ...rules, ...broken }, happened)
  const told: string[] = []
  try {
    startOver(stage, stage.world.hardware.length, null)
    for (let left = random.int(20, 100); left > 0; left--) {
      const action = random.weighted(WEIGHTS)
      told.push(action)
      actions[action](stage)
      const difference = stage.ledger.difference(stage.pool)
      promise(difference === null, () => `ledger: ${difference}`)
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const steps = `step ${told.length}, after ${told.slice(-TOLD_STEPS).join(', ')}`
    throw new Error(`${reason}\n(${steps})\nPlay it again with CANHAZGPU_SEED=${seed}`, { cause })
  }
}
