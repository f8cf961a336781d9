import { checkExplanation } from './simulator-answers.ts'
import { decide } from './simulator-decide.ts'
import { promise } from './simulator-invariants.ts'
import { Judge } from './simulator-judge.ts'
import { placesBefore } from './simulator-line.ts'
import { Look, Seen } from './simulator-look.ts'
import { newRequest } from './simulator-requests.ts'
import type { Stage } from './simulator-stage.ts'

/** What users do. */
export const commands = {
  /** `run` or `reserve` up to its probe; its decision comes later, and anything may happen in between. */
  ask(stage: Stage): void {
    const { random } = stage
    const observer = stage.observer()
    const looked = stage.look(observer)
    if (!looked) return
    const asker = newRequest(stage, observer.pidNamespace)
    stage.asking.push({ ...looked, ...asker, thresholdMiB: random.pick([0, 100, 100, 100, 500]), observer })
  },

  decide(stage: Stage): void {
    const asking = stage.random.pick(stage.asking.filter(({ process }) => !stage.world.isStopped(process)))
    if (asking) decide(stage, asking)
  },

  release(stage: Stage): void {
    const { ledger, pool, world } = stage
    const uid = stage.random.pick(stage.uids)
    const observer = stage.observer()
    const decision = stage.rules.releaseManual(pool, uid, world.sightings(pool, observer), world.now)
    stage.write(decision, { by: 'release', uid, observer })
    ledger.sweep(observer)
    const released = ledger.end(entry => entry.uid === uid && entry.type === 'manual')
    promise(
      Bun.deepEquals(decision.result, released),
      () => `release: [${decision.result}], not [${released}]`,
    )
    if (released.length > 0) stage.happened('a release')
  },

  status(stage: Stage): void {
    const { pool, random, world } = stage
    const observer = stage.observer()
    const probed = world.probe()
    const memoryThresholdMiB = random.pick([0, 100])
    const statuses = stage.rules.poolStatus(pool, {
      usage: probed?.usage ?? null,
      memoryThresholdMiB,
      sightings: world.sightings(pool, observer),
      now: world.now,
    })
    const expected = stage.ledger.swept(observer).slots.map(({ entry, freedAt, isDrained }, index) => {
      if (entry) return `${index} reserved ${entry.id}`
      const isIdle = probed?.isSeenIdle(index, memoryThresholdMiB)
      const isReported = probed?.usage.gpus.has(index)
      if (isDrained && !(isReported && !isIdle)) return `${index} drained`
      if (!probed || isIdle) return `${index} available ${freedAt}`
      return `${index} ${isReported ? 'in-use-without-reservation' : 'unavailable'}`
    })
    const shown = statuses.map(status => {
      if (status.state === 'reserved') return `${status.index} reserved ${status.reservation.id}`
      if (status.state === 'available') return `${status.index} available ${status.lastReleasedAt}`
      return `${status.index} ${status.state}`
    })
    promise(Bun.deepEquals(shown, expected), () => `status: [${shown}], not [${expected}]`)
    stage.happened(probed ? 'a status' : 'a status when the probe failed')
  },

  queue(stage: Stage): void {
    const { ledger, pool, world } = stage
    const observer = stage.observer()
    const probed = world.probe()
    if (!probed) return
    const facts = {
      usage: probed.usage,
      memoryThresholdMiB: 100,
      sightings: world.sightings(pool, observer),
      now: world.now,
    }
    const shown = stage.rules.poolQueue(pool, facts)
    const { slots, line } = ledger.swept(observer)
    const [ids, expected] = [shown.map(({ entry }) => entry.id), line.map(({ id }) => id)]
    promise(Bun.deepEquals(ids, expected), () => `queue: [${ids}], not [${expected}]`)
    const seen = new Seen(new Look(probed, null), 100)
    for (const [index, { wanted, durationMs, id }] of line.entries()) {
      const judge = new Judge(slots, placesBefore(line, id, observer, world), seen, world.now)
      const left = judge.leftFor(wanted, durationMs === null ? null : world.now + durationMs).length
      const waiting = shown[index]?.waiting
      if (waiting) checkExplanation(waiting, wanted, { position: index + 1, left }, judge)
    }
    if (line.length > 1) stage.happened('a queue that shows several')
  },
}
