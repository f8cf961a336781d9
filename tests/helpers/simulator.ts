import { admins, startOver } from './simulator-admins.ts'
import { adopters } from './simulator-adopters.ts'
import { commands } from './simulator-commands.ts'
import { drainOut } from './simulator-drain-out.ts'
import { events } from './simulator-events.ts'
import { holders } from './simulator-holders.ts'
import { idle } from './simulator-idle.ts'
import { keepers } from './simulator-keepers.ts'
import { Random } from './simulator-random.ts'
import { type Rules, rules, Stage } from './simulator-stage.ts'
import { waiters } from './simulator-waiters.ts'

const actions = {
  ...commands,
  ...waiters,
  ...holders,
  ...adopters,
  ...idle,
  ...admins,
  ...keepers,
  ...events,
}

type Action = keyof typeof actions

/** How often each thing happens. */
const WEIGHTS: Readonly<Record<Action, number>> = {
  ask: 20,
  decide: 26,
  release: 2,
  status: 3,
  queue: 3,
  waiterLooks: 10,
  waitersBeat: 3,
  waiterGivesUp: 1.5,
  waiterIsKilled: 2.5,
  waiterStops: 3,
  waiterGoesOn: 3,
  extend: 5,
  rootReleases: 0.7,
  adopt: 4,
  observerLooks: 5,
  quietTime: 1.5,
  adminStartsOver: 0.4,
  adminForgetsForce: 0.3,
  adminResizes: 0.7,
  adminDrains: 2,
  keeperReleases: 5,
  keepersBeat: 3,
  keeperIsKilled: 2,
  strayKeeper: 1,
  timePasses: 11,
  timeLimitsEnd: 3,
  clockIsSet: 0.5,
  jobEnds: 5,
  reboot: 0.2,
  holderComputes: 4,
  intruderComputes: 2.5,
  computingStops: 11,
  gpuFallsOrRecovers: 1.5,
}

const CHOICES = Object.entries(WEIGHTS) as [Action, number][]

/** How many of the last steps a failure tells. */
const TOLD_STEPS = 12

export interface Play {
  /** Hears what a schedule comes to. */
  readonly happened?: (what: string) => void
  /** Rules to play with instead of the real ones. */
  readonly broken?: Partial<Rules>
  /** False to look only at what comes of the answers to those who wait. */
  readonly isJudged?: boolean
}

/**
 * Plays one schedule: a host with some users, whose every step the seed chooses, on the pure rules and beside them on a
 * ledger. After every step the promises of the design are checked, and the pool is compared with the ledger. At the end all
 * holders end, and everybody who still waits must get their GPUs.
 *
 * @throws {Error} with the seed, and how to play it again
 */
export function playSchedule(
  seed: number,
  { happened = () => {}, broken = {}, isJudged = true }: Play = {},
): void {
  const random = new Random(seed)
  const stage = new Stage(random, { ...rules, ...broken }, happened, isJudged)
  const told: string[] = []
  try {
    startOver(stage, stage.world.hardware.length, stage.observer())
    stage.checkBooks()
    for (let left = random.int(20, 130); left > 0; left--) {
      const action = random.weighted(CHOICES)
      told.push(action)
      actions[action](stage)
      stage.checkBooks()
    }
    told.push('drain-out')
    drainOut(stage)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const steps = `step ${told.length}, after ${told.slice(-TOLD_STEPS).join(', ')}`
    throw new Error(`${reason}\n(${steps})\nPlay it again with CANHAZGPU_SEED=${seed}`, { cause })
  }
}
