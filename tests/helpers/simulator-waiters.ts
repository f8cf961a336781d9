import { Look, tenureOf } from './simulator-look.ts'
import type { Asker, Stage } from './simulator-stage.ts'

/** What those in the line do, and what is done to them. */
export const waiters = {
  /** One wakes up and asks the tool; its decision comes later. */
  waiterLooks(stage: Stage): void {
    const waiter = stage.random.pick(awake(stage))
    if (waiter) look(stage, waiter)
  },

  waitersBeat(stage: Stage): void {
    for (const waiter of awake(stage)) if (stage.random.chance(0.8)) beat(stage, waiter)
  },

  waiterGivesUp(stage: Stage): void {
    const { ledger, world } = stage
    const waiter = stage.random.pick(awake(stage))
    if (!waiter) return
    const { id, holder } = waiter.request
    stage.waiters = stage.waiters.filter(other => other !== waiter)
    const decision = stage.rules.leaveQueue(stage.pool, id, world.now)
    stage.write(decision, { by: 'waiter', id })
    const place = ledger.line.find(place => place.id === id)
    if (place) ledger.history.expectEvent('left', world.now, { id, uid: holder.uid })
    ledger.line = ledger.line.filter(other => other !== place)
    world.endProcess(waiter.process, false)
    stage.happened(place ? 'one that gives up' : 'one that gives up after it was cleared')
  },

  /** `kill -9`, or Ctrl-C, or a terminal that is closed: asleep, or between its probe and its decision. */
  waiterIsKilled(stage: Stage): void {
    const { asking, ledger, random, waiters } = stage
    const inLine = (asker: Asker) => ledger.line.some(({ id }) => id === asker.request.id)
    const lookers = random.chance(0.2) ? asking : asking.filter(inLine)
    const isAsleep = lookers.length === 0 || random.chance(0.5)
    const victim = random.pick<Asker>(isAsleep ? waiters : lookers)
    if (!victim) return
    const isInLine = inLine(victim)
    stage.waiters = stage.waiters.filter(other => other !== victim)
    stage.asking = stage.asking.filter(other => other !== victim)
    stage.world.endProcess(victim.process, false)
    if (isInLine) stage.happened(isAsleep ? 'a kill in the line' : 'a kill in the line with a probe in hand')
  },

  waiterStops(stage: Stage): void {
    const { random, world } = stage
    const asker = random.pick<Asker>(random.chance(0.8) ? stage.waiters : stage.asking)
    if (!asker || world.isStopped(asker.process)) return
    world.stopProcess(asker.process)
    stage.happened('one that is stopped')
  },

  waiterGoesOn(stage: Stage): void {
    const { random, world } = stage
    const stopped = [...stage.waiters, ...stage.asking].filter(({ process }) => world.isStopped(process))
    const asker = random.pick(stopped)
    if (!asker) return
    world.continueProcess(asker.process)
    const isInLine = stage.ledger.line.some(({ id }) => id === asker.request.id)
    stage.happened(isInLine ? 'one that goes on in its place' : 'one that goes on out of the line')
  },
}

/** Those who wait, and are not stopped. */
export function awake({ waiters, world }: Stage): Asker[] {
  return waiters.filter(({ process }) => !world.isStopped(process))
}

/** One that waits asks the tool; where that fails it has seen nothing, and waits on. */
export function look(stage: Stage, waiter: Asker): void {
  const { ledger, random, world } = stage
  const observer = { pidNamespace: waiter.process.pidNamespace, blind: !world.isCalm && random.chance(0.05) }
  const nothing = { usage: { tool: 'nvidia-smi', gpus: new Map() }, isSeenIdle: () => false }
  const looked = stage.look(observer) ?? {
    look: new Look(nothing, tenureOf(ledger, observer)),
    usage: nothing.usage,
  }
  stage.waiters = stage.waiters.filter(other => other !== waiter)
  stage.asking.push({ ...waiter, ...looked, observer })
}

export function beat(stage: Stage, { request: { id } }: Asker): void {
  const decision = stage.rules.stayInQueue(stage.pool, id, stage.world.now)
  stage.write(decision, { by: 'waiter', id })
  const place = stage.ledger.line.find(place => place.id === id)
  if (place) place.lastSignAt = stage.world.now
}
