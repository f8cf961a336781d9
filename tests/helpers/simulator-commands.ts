import { NotEnoughGpusError, PoolAlreadyInitializedError } from '../../src/core/errors.ts'
import { anyGpus, HOUR, MINUTE } from './pools.ts'
import { checkGrant, checkRefusal, promise, Seen } from './simulator-invariants.ts'
import type { Entry } from './simulator-ledger.ts'
import type { Stage } from './simulator-stage.ts'

const ROOT = { uid: 0, userName: 'root' }

/** What users and admins do. */
export const commands = {
  /** `run` or `reserve` up to its probe; its decision comes later, and anything may happen in between. */
  ask(stage: Stage): void {
    const { random, world } = stage
    const observer = stage.observer()
    const probed = world.probe()
    if (!probed) {
      stage.happened('a probe that failed')
      return
    }
    const uid = random.pick(stage.uids)
    const isRun = random.chance(0.6)
    const request = {
      id: stage.newId(isRun ? 'run' : 'manual'),
      holder: { uid, userName: `user${uid}` },
      alias: null,
      note: null,
      wanted: anyGpus(random.chance(0.6) ? 1 : random.int(1, world.hardware.length + 1)),
      until: isRun
        ? { process: world.startProcess(observer.pidNamespace), durationMs: null }
        : { durationMs: random.int(1, 10) * random.pick([MINUTE, HOUR]) },
      waiter: null,
    }
    stage.asking.push({ request, probed, thresholdMiB: random.pick([0, 100, 100, 100, 500]), observer })
  },

  decide(stage: Stage): void {
    const { ledger, pool, random, world } = stage
    const asking = random.pick(stage.asking)
    if (!asking) return
    stage.asking = stage.asking.filter(other => other !== asking)
    const { request, probed, thresholdMiB, observer } = asking
    const slots = ledger.swept(observer)
    const seen = new Seen(probed, thresholdMiB)
    const facts = {
      usage: probed.usage,
      memoryThresholdMiB: thresholdMiB,
      sightings: world.sightings(pool.reservations, observer),
      now: world.now,
    }
    const decision = stage.rules.reserve(pool, request, facts)
    stage.write(decision, { by: 'request', id: request.id, observer })
    const { result } = decision
    const { count } = request.wanted
    const reclaims = slots.some(({ entry }, index) => entry !== ledger.slots[index]?.entry)
    ledger.slots = slots
    if (result.kind === 'granted') {
      checkGrant(result.reservation.gpus, count, slots, seen)
      stage.happened(reclaims ? 'a grant that reclaims' : 'a grant')
      ledger.add(result.reservation)
      if (result.reservation.type === 'run') stage.keepers.push({ id: request.id, uid: request.holder.uid })
    } else if (result.kind === 'refused' && result.error instanceof NotEnoughGpusError) {
      checkRefusal(result.error.shortage, count, slots, seen)
      for (const [fact, count] of Object.entries(result.error.shortage)) {
        if (count > 0) stage.happened(`a refusal with ${fact}`)
      }
    } else throw new Error(`an answer that was not asked for: ${Bun.inspect(result)}`)
  },

  release(stage: Stage): void {
    const { ledger, pool, world } = stage
    const uid = stage.random.pick(stage.uids)
    const observer = stage.observer()
    const sightings = world.sightings(pool.reservations, observer)
    const decision = stage.rules.releaseManual(pool, uid, sightings, world.now)
    stage.write(decision, { by: 'release', uid, observer })
    ledger.slots = ledger.swept(observer)
    const released = ledger.end(entry => entry.uid === uid && typeof entry.until === 'number')
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
      sightings: world.sightings(pool.reservations, observer),
      now: world.now,
    })
    const expected = stage.ledger.swept(observer).map(({ entry, freedAt }, index) => {
      if (entry) return `${index} reserved ${entry.id}`
      if (!probed || probed.isSeenIdle(index, memoryThresholdMiB)) return `${index} available ${freedAt}`
      return `${index} ${probed.usage.gpus.has(index) ? 'in-use-without-reservation' : 'unavailable'}`
    })
    const shown = statuses.map(status => {
      if (status.state === 'reserved') return `${status.index} reserved ${status.reservation.id}`
      if (status.state === 'available') return `${status.index} available ${status.lastReleasedAt}`
      return `${status.index} ${status.state}`
    })
    promise(Bun.deepEquals(shown, expected), () => `status: [${shown}], not [${expected}]`)
    stage.happened(probed ? 'a status' : 'a status when the probe failed')
  },

  admin(stage: Stage): void {
    if (stage.random.chance(0.5)) {
      const isOver = ({ until }: Entry) => typeof until === 'number' && until <= stage.world.now
      const cleared = stage.ledger.entries().filter(entry => !isOver(entry)).length
      startOver(stage, stage.random.int(1, stage.world.hardware.length), cleared)
      if (cleared > 0) stage.happened('an admin who clears reservations')
      return
    }
    try {
      stage.rules.initialize(
        stage.pool,
        { provider: 'nvidia', gpuCount: 1, force: false, by: ROOT },
        stage.world.now,
      )
    } catch (error) {
      if (!(error instanceof PoolAlreadyInitializedError)) throw error
      stage.happened('an admin who is refused')
      return
    }
    promise(false, () => 'I2: admin without --force starts over')
  },
}

/** @param cleared how many reservations there are, null when there is no pool yet */
export function startOver(stage: Stage, gpuCount: number, cleared: number | null): void {
  const before = cleared === null ? null : stage.pool
  const decision = stage.rules.initialize(
    before,
    { provider: 'nvidia', gpuCount, force: cleared !== null, by: ROOT },
    stage.world.now,
  )
  promise(
    decision.result.cleared === cleared,
    () => `admin: cleared ${decision.result.cleared}, not ${cleared}`,
  )
  stage.write(decision, { by: 'admin' })
  stage.ledger.startOver(gpuCount)
}
