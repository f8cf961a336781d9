import {
  GpusNotAvailableError,
  NoSuchGpuError,
  NotEnoughGpusError,
  UsageError,
} from '../../src/core/errors.ts'
import type { Reservation } from '../../src/core/pool.ts'
import type { Waiting } from '../../src/core/queue.ts'
import type { Answer, Request } from '../../src/core/reserve.ts'
import { promise } from './simulator-invariants.ts'
import { type Judge, knownEndOf, wants } from './simulator-judge.ts'

type Refused = Extract<Answer, { readonly kind: 'refused' }>['error']

/** When a request that starts now is known to have ended, null when it is not. */
export function endOfRequest({ until }: Pick<Request, 'until'>, now: number): number | null {
  if ('at' in until) return until.at
  return until.durationMs === null ? null : now + until.durationMs
}

/**
 * I5: granted is what this very probe has seen idle and nobody keeps from being handed out; all that was asked for; what the
 * policy chooses of it. And nobody who came before is delayed by it.
 */
export function checkGrant(reservation: Reservation, request: Request, judge: Judge): void {
  const { wanted, holder } = request
  const { gpus: granted } = reservation
  promise(
    granted.length === wanted.count,
    () => `half: ${granted.length} GPUs for a request of ${wanted.count}`,
  )
  for (const index of granted) {
    const state = judge.states[index]
    promise(state !== 'reserved', () => `I1: GPU ${index} belongs to somebody`)
    promise(state !== 'drained', () => `drained: GPU ${index} was handed out`)
    promise(state === 'available', () => `I5: GPU ${index} was not validated as free`)
    promise(wants(wanted, index), () => `wanted: GPU ${index} was not asked for`)
  }
  const endsAt = endOfRequest(request, judge.now)
  const delayed = judge.delayedBy(granted, endsAt)
  promise(
    delayed === undefined,
    () => `jump: ${request.id} gets [${granted}] and so may delay ${delayed?.id}`,
  )
  const left = judge.leftFor(wanted, endsAt)
  promise(
    left.length >= wanted.count,
    () => `jump: ${request.id} gets [${granted}], and [${left}] were left for it`,
  )
  const expected = judge.chosen(wanted.policy, left, wanted.count, holder.uid)
  promise(Bun.deepEquals(granted, expected), () => `${wanted.policy}: [${granted}], not [${expected}]`)
}

/** A reservation is the requester's, for as long as was asked for. */
export function checkTerms(reservation: Reservation, request: Request, now: number): void {
  const { id, type, holder } = reservation
  const { until } = request
  const isOwn = id === request.id && holder.uid === request.holder.uid
  const end = type === 'run' ? reservation.endsAt : reservation.expiresAt
  const processes = type === 'run' ? reservation.processes : []
  const expected = 'process' in until ? [until.process] : []
  const isBound = (type === 'run') === 'process' in until && Bun.deepEquals(processes, expected)
  promise(
    isOwn && isBound && end === endOfRequest(request, now),
    () => `terms: ${JSON.stringify(reservation)} for ${JSON.stringify(request)}`,
  )
}

/** A request that waits has to, and is told why. */
export function checkWaiting(waiting: Waiting, request: Request, judge: Judge): void {
  const { wanted } = request
  const left = judge.leftFor(wanted, endOfRequest(request, judge.now)).length
  promise(request.waiter !== null, () => 'a request waits that does not want to')
  promise(left < wanted.count, () => `idle: ${request.id} waits though it could start`)
  promise(wanted.count <= judge.slots.length, () => `hopeless: ${request.id} waits for more than there is`)
  checkExplanation(waiting, wanted, { position: judge.ahead.length + 1, left }, judge)
}

/** What somebody who waits is told is true. */
export function checkExplanation(
  waiting: Waiting,
  wanted: Request['wanted'],
  { position, left }: { position: number; left: number },
  judge: Judge,
): void {
  const holders = judge.slots.flatMap(({ entry }, index) => (entry && wants(wanted, index) ? entry : []))
  const ends = holders.map(knownEndOf).filter(end => end !== null)
  const expected = {
    position,
    missing: Math.max(0, wanted.count - left),
    held: [...new Set(holders)].map(({ id }) => id),
    inUse: judge.countOf('in-use', wanted) + judge.countOf('unknown', wanted),
    drained: judge.countOf('drained', wanted),
    earliestEndAt: ends.length > 0 ? Math.min(...ends) : null,
  }
  const { wanted: _, ...rest } = waiting
  const told = { ...rest, held: waiting.held.map(({ id }) => id) }
  promise(
    Bun.deepEquals(told, expected),
    () => `explained: ${JSON.stringify(told)}, not ${JSON.stringify(expected)}`,
  )
}

/** A refusal is justified, and tells true counts. */
export function checkRefusal(error: Refused, request: Request, judge: Judge): void {
  const { wanted, until } = request
  const poolSize = judge.slots.length
  const isBeyond = wanted.gpuIds?.some(index => index >= poolSize) ?? false
  promise(
    error instanceof NoSuchGpuError === isBeyond,
    () => `no such GPU: ${error.message}, for [${wanted.gpuIds}]`,
  )
  if (isBeyond) return
  const isTooLate = 'at' in until && until.at <= judge.now
  promise(error instanceof UsageError === isTooLate, () => `too late: ${error.message}`)
  if (isTooLate) return
  const left = judge.leftFor(wanted, endOfRequest(request, judge.now))
  promise(
    left.length < wanted.count,
    () => `refused ${wanted.count} GPUs though ${left.length} are available`,
  )
  promise(
    request.waiter === null || wanted.count > poolSize,
    () => `impatient: ${request.id} was ready to wait`,
  )
  const [told, counted] = [countsIn(error), countedBy(judge, request, left.length)]
  promise(
    Bun.deepEquals(told, counted),
    () => `counts: ${JSON.stringify(told)}, not ${JSON.stringify(counted)}`,
  )
}

function countsIn(error: Refused): unknown {
  if (error instanceof NotEnoughGpusError) return error.shortage
  if (!(error instanceof GpusNotAvailableError)) return `a refusal that nobody expects: ${error.message}`
  const taken = error.taken.map(({ gpu, availability }) => `${gpu.index} ${availability.state}`)
  return { taken, waitingBefore: error.waitingBefore }
}

function countedBy(judge: Judge, { wanted }: Request, available: number): unknown {
  const waitingBefore = judge.ahead.length
  if (wanted.gpuIds) {
    const taken = judge.states.flatMap((state, index) =>
      state !== 'available' && wants(wanted, index) ? `${index} ${state}` : [],
    )
    return { taken, waitingBefore }
  }
  return {
    requested: wanted.count,
    available,
    poolSize: judge.slots.length,
    reserved: judge.countOf('reserved'),
    inUseWithoutReservation: judge.countOf('in-use'),
    notValidated: judge.countOf('unknown'),
    drained: judge.countOf('drained'),
    waitingBefore,
  }
}
