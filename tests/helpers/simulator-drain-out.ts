import { MINUTE } from './pools.ts'
import { drainedIn, setDrains } from './simulator-admins.ts'
import { commands } from './simulator-commands.ts'
import { decide } from './simulator-decide.ts'
import { promise } from './simulator-invariants.ts'
import { keepers } from './simulator-keepers.ts'
import type { Stage } from './simulator-stage.ts'
import { beat, look } from './simulator-waiters.ts'

/** For so many rounds newcomers come, who must not be a reason to wait longer. */
const NEWCOMERS = 3

/**
 * The end of a schedule: every holder ends, no new obstacle comes, and who waits tries again now and then. In each round the
 * first in line must get its GPUs, whoever asks before it. So all who live get theirs in at most as many rounds as there are
 * requests, and nothing is left behind.
 */
export function drainOut(stage: Stage): void {
  const { ledger, random, world } = stage
  if (stage.waiters.length + stage.asking.length > 0) stage.happened('a line that drains out')
  world.calmDown()
  // A clock that was set back is put right: there are no signs of life from the future.
  const signs = [...ledger.entries(), ...ledger.line].map(({ lastSignAt }) => lastSignAt)
  world.now = Math.max(world.now, ...signs)
  setDrains(stage, [], drainedIn(stage))
  stage.checkBooks()
  for (const { process } of [...stage.waiters, ...stage.asking]) world.continueProcess(process)
  const rounds = 1 + stage.waiters.length + stage.asking.length + NEWCOMERS
  for (let round = 0; round < rounds; round++) {
    everyHolderEnds(stage)
    world.now += 4 * MINUTE
    for (const waiter of stage.waiters) beat(stage, waiter)
    world.now += 2 * MINUTE
    stage.checkBooks()
    const first = ledger.line.find(({ process }) => world.isRunning(process))
    // One that has asked the tool long ago has to ask again.
    const isReady = stage.waiters.some(({ request }) => request.id === first?.id)
    if (round < NEWCOMERS) commands.ask(stage)
    for (const waiter of shuffle(stage, stage.waiters)) {
      look(stage, waiter)
      if (random.chance(0.7)) decideAll(stage)
    }
    decideAll(stage)
    promise(
      !first || !isReady || !ledger.line.includes(first),
      () => `starved: ${first?.id} was the first in line, and did not start`,
    )
    if (stage.waiters.length === 0) break
  }
  const starved = stage.waiters.map(({ request }) => request.id)
  promise(starved.length === 0, () => `starved: [${starved}] never got their GPUs`)
  everyHolderEnds(stage)
  world.now += 6 * MINUTE
  const [uid] = stage.uids
  const observer = stage.observer()
  const decision = stage.rules.releaseManual(
    stage.pool,
    uid,
    world.sightings(stage.pool, observer),
    world.now,
  )
  stage.write(decision, { by: 'release', uid, observer })
  ledger.sweep(observer)
  stage.checkBooks()
  const rest = [...stage.pool.reservations, ...stage.pool.queue].map(({ id }) => id)
  promise(rest.length === 0, () => `rest: [${rest}] is left behind`)
}

/** Commands end, some of them with a keeper that sees it; manual reservations come to their end. */
function everyHolderEnds(stage: Stage): void {
  const { ledger, random, world } = stage
  for (const { until } of ledger.entries()) {
    if (typeof until === 'number') world.now = Math.max(world.now, until)
    else for (const process of until) world.endProcess(process, false)
  }
  if (random.chance(0.5)) keepers.keeperReleases(stage)
  stage.checkBooks()
}

function decideAll(stage: Stage): void {
  for (const asking of shuffle(stage, stage.asking)) {
    decide(stage, asking)
    stage.checkBooks()
  }
}

function shuffle<T>({ random }: Stage, items: readonly T[]): T[] {
  const left = [...items]
  return items.flatMap(() => left.splice(random.int(0, left.length - 1), 1))
}
