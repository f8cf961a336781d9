import type { LogEvent, UsageRecord } from './history.ts'
import type { Drain, Gpu, Move, Pool, Provider, QueueEntry, Reservation } from './pool.ts'

/** The one vocabulary in which `core` tells a store what to write. */
export type Change =
  /** Starts over: these GPUs, never released, no reservation, nobody waiting. `forGood` where nothing is to come back after a loss. */
  | {
      readonly kind: 'initialize'
      readonly provider: Provider
      readonly gpuCount: number
      readonly forGood?: boolean
    }
  /** Adds GPUs at the end, or takes those at the end away. */
  | { readonly kind: 'resize'; readonly gpuCount: number }
  | { readonly kind: 'drain'; readonly index: number; readonly drain: Drain | null }
  /** Says what a move between two stores has made of the pool. */
  | { readonly kind: 'move'; readonly move: Move | null }
  | { readonly kind: 'add'; readonly reservation: Reservation }
  /** Ends a reservation; its GPUs count as released at `releasedAt`. */
  | { readonly kind: 'remove'; readonly id: string; readonly releasedAt: number }
  /** A sign of life of a run reservation, or of a request that waits. */
  | { readonly kind: 'heartbeat'; readonly id: string; readonly at: number }
  /** Moves the end of a manual reservation. */
  | { readonly kind: 'extend'; readonly id: string; readonly expiresAt: number }
  /** The holder of a manual reservation is warned that it is unused while others wait. */
  | { readonly kind: 'warn-idle'; readonly id: string; readonly at: number }
  | { readonly kind: 'enqueue'; readonly entry: QueueEntry }
  | { readonly kind: 'dequeue'; readonly id: string }
  | Observed
  /** Keeps what a reservation has come to. */
  | { readonly kind: 'record'; readonly record: UsageRecord }
  /** Keeps what has happened. */
  | { readonly kind: 'log'; readonly event: LogEvent }

/** What a probe saw, as far as it is kept; only what has changed. */
export interface Observed {
  readonly kind: 'observe'
  readonly at: number
  readonly gpus: readonly { readonly index: number; readonly unusedSince: number | null }[]
  readonly reservations: readonly { readonly id: string; readonly unusedGpuMs: number }[]
}

/** What a rule decided: the changes to write, and the answer for whoever asked. */
export interface Decision<T> {
  readonly changes: readonly Change[]
  readonly result: T
}

/**
 * The pool after the changes. This is the meaning of each change: a store must end up with the same pool. Records and
 * events are not part of a pool: a store keeps them beside it.
 *
 * @throws {Error} when a change cannot be applied to this pool, which is a bug of the rule that decided it
 */
export function applyChanges(pool: Pool | null, changes: readonly Change[]): Pool | null {
  return changes.reduce(applyChange, pool)
}

/** A GPU that nobody has had yet. */
export function newGpu(index: number): Gpu {
  return {
    index,
    lastReleasedAt: null,
    lastHolderUid: null,
    lastReservationId: null,
    unusedSince: null,
    drain: null,
  }
}

function applyChange(pool: Pool | null, change: Change): Pool | null {
  if (change.kind === 'record' || change.kind === 'log') return pool
  if (change.kind === 'initialize') {
    const gpus = Array.from({ length: change.gpuCount }, (_, index) => newGpu(index))
    return { provider: change.provider, gpus, reservations: [], queue: [], observedAt: null, move: null }
  }
  if (!pool) throw new Error(`'${change.kind}' on a pool that was never initialized`)
  switch (change.kind) {
    case 'resize': {
      const held = pool.reservations.flatMap(({ gpus }) => gpus).find(index => index >= change.gpuCount)
      if (held !== undefined) throw new Error(`GPU ${held} would go away while it is reserved`)
      const gpus = Array.from(
        { length: change.gpuCount },
        (_, index) => pool.gpus.find(gpu => gpu.index === index) ?? newGpu(index),
      )
      return { ...pool, gpus }
    }
    case 'drain':
      return withGpus(pool, gpu => (gpu.index === change.index ? { ...gpu, drain: change.drain } : gpu))
    case 'move':
      return { ...pool, move: change.move }
    case 'add': {
      const { reservation } = change
      refuseTwice(pool.reservations, reservation.id)
      const held = new Set(pool.reservations.flatMap(other => other.gpus))
      for (const index of reservation.gpus) {
        if (held.has(index)) throw new Error(`GPU ${index} would be reserved twice`)
        if (!pool.gpus.some(gpu => gpu.index === index)) throw new Error(`GPU ${index} is not in the pool`)
      }
      return { ...pool, reservations: [...pool.reservations, reservation] }
    }
    case 'remove': {
      const removed = pool.reservations.find(({ id }) => id === change.id)
      const released = new Set(removed?.gpus)
      const last = {
        lastReleasedAt: change.releasedAt,
        lastHolderUid: removed?.holder.uid ?? null,
        lastReservationId: change.id,
      }
      return {
        ...withGpus(pool, gpu => (released.has(gpu.index) ? { ...gpu, ...last } : gpu)),
        reservations: pool.reservations.filter(({ id }) => id !== change.id),
      }
    }
    case 'heartbeat': {
      const { id, at: heartbeatAt } = change
      return {
        ...withReservations(pool, reservation =>
          reservation.type === 'run' && reservation.id === id ? { ...reservation, heartbeatAt } : reservation,
        ),
        queue: pool.queue.map(entry => (entry.id === id ? { ...entry, heartbeatAt } : entry)),
      }
    }
    case 'extend':
      return withReservations(pool, reservation =>
        reservation.type === 'manual' && reservation.id === change.id
          ? { ...reservation, expiresAt: change.expiresAt }
          : reservation,
      )
    case 'warn-idle':
      return withReservations(pool, reservation =>
        reservation.type === 'manual' && reservation.id === change.id
          ? { ...reservation, idleWarnedAt: change.at }
          : reservation,
      )
    case 'enqueue':
      refuseTwice(pool.queue, change.entry.id)
      return { ...pool, queue: [...pool.queue, change.entry] }
    case 'dequeue':
      return { ...pool, queue: pool.queue.filter(({ id }) => id !== change.id) }
    case 'observe': {
      const gpus = new Map(change.gpus.map(({ index, unusedSince }) => [index, unusedSince]))
      const unused = new Map(change.reservations.map(({ id, unusedGpuMs }) => [id, unusedGpuMs]))
      const observed = withGpus(pool, gpu => {
        const unusedSince = gpus.get(gpu.index)
        return unusedSince === undefined ? gpu : { ...gpu, unusedSince }
      })
      return {
        ...withReservations(observed, reservation => {
          const unusedGpuMs = unused.get(reservation.id)
          return unusedGpuMs === undefined ? reservation : { ...reservation, unusedGpuMs }
        }),
        observedAt: change.at,
      }
    }
  }
}

function refuseTwice(known: readonly { readonly id: string }[], id: string): void {
  if (known.some(other => other.id === id)) throw new Error(`${id} is there already`)
}

function withGpus(pool: Pool, alter: (gpu: Gpu) => Gpu): Pool {
  return { ...pool, gpus: pool.gpus.map(alter) }
}

function withReservations(pool: Pool, alter: (reservation: Reservation) => Reservation): Pool {
  return { ...pool, reservations: pool.reservations.map(alter) }
}
