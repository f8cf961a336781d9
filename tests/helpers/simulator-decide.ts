import {
  GpusNotAvailableError,
  NoSuchGpuError,
  NotEnoughGpusError,
  type UserError,
} from '../../src/core/errors.ts'
import type { Facts, Request } from '../../src/core/reserve.ts'
import { checkGrant, checkRefusal, checkTerms, checkWaiting, endOfRequest } from './simulator-answers.ts'
import { Judge } from './simulator-judge.ts'
import { type Place, placesBefore } from './simulator-line.ts'
import { Seen } from './simulator-look.ts'
import { noteObservation } from './simulator-observation.ts'
import type { Asking, Stage } from './simulator-stage.ts'

/** The decision of a request that has its probe: whatever comes of it must be what the ledger says. */
export function decide(stage: Stage, asking: Asking): void {
  const { ledger, pool, world } = stage
  const { request, observer, process } = asking
  stage.asking = stage.asking.filter(other => other !== asking)
  const { now } = world
  const decision = stage.rules.reserve(pool, request, factsOf(asking, stage))
  stage.write(decision, { by: 'request', id: request.id, observer })
  const swept = ledger.sweep(observer, request.id)
  for (const { process } of swept.left) {
    const isSeen = world.sight(process, observer) === 'gone'
    stage.happened(isSeen ? 'a dead one that leaves the line' : 'a silent one that leaves the line')
  }
  const seen = new Seen(asking.look, asking.thresholdMiB)
  noteObservation(ledger, seen, now)
  const { line } = ledger
  const place = line.find(({ id }) => id === request.id)
  const judge = new Judge(ledger.slots, placesBefore(line, request.id, observer, world), seen, now)
  const { result } = decision
  const { id, wanted } = request
  const uid = request.holder.uid
  switch (result.kind) {
    case 'granted': {
      if (stage.isJudged) checkGrant(result.reservation, request, judge)
      checkTerms(result.reservation, request, now)
      tellGrant(stage, request, judge, place)
      if (swept.over.length > 0) stage.happened('a grant that reclaims')
      ledger.line = line.filter(other => other !== place)
      ledger.add(result.reservation, place ? Math.max(0, now - place.queuedAt) : 0)
      if (result.reservation.type === 'run') stage.world.keepers.push({ id, uid })
      else world.endProcess(process, false)
      break
    }
    case 'waiting': {
      if (stage.isJudged) checkWaiting(result.waiting, request, judge)
      stage.waiters.push(asking)
      if (place) break
      const endsAt = endOfRequest(request, now)
      const durationMs = endsAt === null ? null : endsAt - now
      const type = 'process' in request.until ? 'run' : 'manual'
      ledger.line = [...line, { id, type, uid, wanted, queuedAt: now, durationMs, process, lastSignAt: now }]
      ledger.history.expectEvent('queued', now, { id, uid })
      stage.happened(durationMs === null ? 'a request that joins' : 'a request with a known end that joins')
      break
    }
    case 'refused':
      checkRefusal(result.error, request, judge)
      tellRefusal(stage, result.error, place !== undefined)
      ledger.line = line.filter(other => other !== place)
      ledger.history.expectEvent('refused', now, { id, uid })
      world.endProcess(process, false)
  }
}

function factsOf({ usage, thresholdMiB, observer }: Asking, { pool, world }: Stage): Facts {
  const sightings = world.sightings(pool, observer)
  return { usage, memoryThresholdMiB: thresholdMiB, sightings, now: world.now }
}

function tellGrant(stage: Stage, request: Request, judge: Judge, place: Place | undefined): void {
  const { wanted } = request
  const { world, ledger } = stage
  stage.happened('a grant')
  stage.happened(wanted.gpuIds ? 'a grant of exact GPUs' : `a grant by ${wanted.policy}`)
  if (place) stage.happened('a grant to one that waited')
  if (judge.leftFor(wanted, null).length < wanted.count) stage.happened('a grant past others by a known end')
  else if (judge.ahead.length > 0) stage.happened('a grant past others on other GPUs')
  const before = place ? ledger.line.slice(0, ledger.line.indexOf(place)) : ledger.line
  if (before.some(({ process }) => world.isStopped(process)))
    stage.happened('a grant past one that is stopped')
}

function tellRefusal(stage: Stage, error: UserError, hasWaited: boolean): void {
  if (hasWaited) stage.happened('a refusal of one that waited')
  if (error instanceof NotEnoughGpusError) {
    for (const [fact, count] of Object.entries(error.shortage)) {
      if (count > 0) stage.happened(`a refusal with ${fact}`)
    }
  } else if (error instanceof GpusNotAvailableError) stage.happened('a refusal of exact GPUs')
  else if (error instanceof NoSuchGpuError) stage.happened('a refusal of a GPU that is not there')
  else stage.happened('a refusal of what would be over')
}
