import { availability, choose, type GpuAvailability } from './allocate.ts'
import type { Change, Decision } from './changes.ts'
import {
  GpusNotAvailableError,
  NoSuchGpuError,
  NotEnoughGpusError,
  UsageError,
  type UserError,
} from './errors.ts'
import { type Sightings, settle } from './expire.ts'
import { logged } from './history.ts'
import { observe } from './observe.ts'
import type { Gpu, Holder, Pool, ProcessIdentity, QueueEntry, Reservation, Wanted } from './pool.ts'
import { canUse, explainWaiting, leftByOthers, requestsAhead, type Waiting } from './queue.ts'
import type { Usage } from './usage.ts'

/** One holder's wish for GPUs: all of them or none. */
export interface Request {
  /** The id that the reservation gets. */
  readonly id: string
  readonly holder: Holder
  readonly alias: string | null
  readonly note: string | null
  readonly wanted: Wanted
  readonly until: Until
  /** The process that waits in line when the GPUs cannot be had now; null when a refusal is wanted instead. */
  readonly waiter: ProcessIdentity | null
}

/**
 * What a reservation lives by: a process (`run`; known to end after `durationMs`, if that is not null), or the clock
 * (`reserve`; for a duration from when it starts, or until an instant).
 */
export type Until =
  | { readonly process: ProcessIdentity; readonly durationMs: number | null }
  | { readonly durationMs: number }
  | { readonly at: number }

/** What is known of the world at the moment of the decision. */
export interface Facts {
  readonly usage: Usage
  readonly memoryThresholdMiB: number
  readonly sightings: Sightings
  readonly now: number
}

export type Answer =
  | { readonly kind: 'granted'; readonly reservation: Reservation }
  | { readonly kind: 'waiting'; readonly waiting: Waiting }
  | { readonly kind: 'refused'; readonly error: UserError }

/**
 * Gives a request its GPUs, validated to be free; or a place in the line; or a refusal, when it does not want to wait or
 * waiting could never help. Nothing is taken unless all is, and asked again the same request takes nothing more.
 */
export function reserve(pool: Pool, request: Request, facts: Facts): Decision<Answer> {
  const { now } = facts
  const { wanted } = request
  // Granted before, when the answer was lost on its way from the store.
  const own = pool.reservations.find(({ id }) => id === request.id)
  if (own) return { changes: [], result: { kind: 'granted', reservation: own } }
  // Whoever asks is there, also where nothing can be seen and no sign of life was recorded for long.
  const sightings: Sightings = new Map([...facts.sightings, [request.id, 'alive']])
  const settled = settle(pool, sightings, now)
  const observed = observe(settled.pool, facts)
  const known = [...settled.changes, ...observed]
  const refuse = (error: UserError): Decision<Answer> => ({
    changes: [...known, ...leave(entry), logged('refused', request, now, { note: error.message })],
    result: { kind: 'refused', error },
  })

  const entry = settled.pool.queue.find(({ id }) => id === request.id)
  const ahead = requestsAhead(settled.pool, entry, sightings)
  const gpus = availability(settled.pool, facts.usage, facts.memoryThresholdMiB)
  const missing = wanted.gpuIds?.find(id => !pool.gpus.some(({ index }) => index === id))
  if (missing !== undefined) return refuse(new NoSuchGpuError(missing, pool.gpus.length))

  if ('at' in request.until && request.until.at <= now)
    return refuse(new UsageError('The reservation would be over before it begins. Use a later --until'))

  const left = leftByOthers(gpus, ahead, endOfRequest(request, now), now)
  const usable = left.filter(gpu => canUse(wanted, gpu))
  if (usable.length >= wanted.count) {
    const reservation = grant(request, usable, entry, now)
    return {
      changes: [
        ...known,
        ...(entry ? [{ kind: 'dequeue', id: entry.id } as const] : []),
        { kind: 'add', reservation },
        logged('reserved', reservation, now),
      ],
      result: { kind: 'granted', reservation },
    }
  }
  if (!request.waiter || wanted.count > pool.gpus.length) {
    return refuse(refusal(wanted, gpus, usable.length, ahead.length))
  }
  const waiting = explainWaiting(gpus, wanted, ahead.length + 1, usable.length)
  return {
    changes: [...known, ...(entry ? [] : enqueue(request, request.waiter, now))],
    result: { kind: 'waiting', waiting },
  }
}

function grant(
  request: Request,
  usable: readonly Gpu[],
  entry: QueueEntry | undefined,
  now: number,
): Reservation {
  const { id, holder, alias, note, wanted, until } = request
  const claim = {
    id,
    holder,
    alias,
    note,
    gpus: choose(wanted.policy, usable, wanted.count, holder.uid),
    reservedAt: now,
    waitedMs: entry ? Math.max(0, now - entry.queuedAt) : 0,
    unusedGpuMs: 0,
  }
  return 'process' in until
    ? {
        ...claim,
        type: 'run',
        processes: [until.process],
        heartbeatAt: now,
        endsAt: endOfRequest(request, now),
      }
    : {
        ...claim,
        type: 'manual',
        expiresAt: 'at' in until ? until.at : now + until.durationMs,
        idleWarnedAt: null,
      }
}

/** When a request that starts now is known to have ended, null when it is not. */
function endOfRequest({ until }: Request, now: number): number | null {
  if ('at' in until) return until.at
  return until.durationMs === null ? null : now + until.durationMs
}

function enqueue(request: Request, process: ProcessIdentity, now: number): Change[] {
  const { id, holder, alias, note, wanted, until } = request
  const end = endOfRequest(request, now)
  const entry: QueueEntry = {
    id,
    type: 'process' in until ? 'run' : 'manual',
    holder,
    alias,
    note,
    wanted,
    queuedAt: now,
    heartbeatAt: now,
    durationMs: end === null ? null : Math.max(0, end - now),
    process,
  }
  return [{ kind: 'enqueue', entry }, logged('queued', request, now)]
}

function leave(entry: QueueEntry | undefined): Change[] {
  return entry ? [{ kind: 'dequeue', id: entry.id }] : []
}

function refusal(
  wanted: Wanted,
  gpus: readonly GpuAvailability[],
  available: number,
  waitingBefore: number,
): UserError {
  if (wanted.gpuIds) {
    const { gpuIds } = wanted
    return new GpusNotAvailableError(
      gpus.filter(({ gpu, availability: { state } }) => gpuIds.includes(gpu.index) && state !== 'available'),
      waitingBefore,
    )
  }
  const countOf = (wantedState: string) =>
    gpus.filter(({ availability: { state } }) => state === wantedState).length
  return new NotEnoughGpusError({
    requested: wanted.count,
    available,
    poolSize: gpus.length,
    reserved: countOf('reserved'),
    inUseWithoutReservation: countOf('in-use'),
    notValidated: countOf('unknown'),
    drained: countOf('drained'),
    waitingBefore,
  })
}
