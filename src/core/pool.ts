/** The pool: the GPUs of one host under management, and who holds them. Everything here is plain, immutable data. */

/** What tells us about the hardware: `nvidia` asks nvidia-smi, `fake` simulates idle GPUs. */
export type Provider = 'nvidia' | 'fake'

export interface Pool {
  readonly provider: Provider
  /** Ascending by `index`. */
  readonly gpus: readonly Gpu[]
  /** A GPU is in at most one of them. */
  readonly reservations: readonly Reservation[]
}

export interface Gpu {
  /** The number nvidia-smi gives it: PCI bus order, from 0. */
  readonly index: number
  /** When its last reservation ended; null when it was never released. */
  readonly lastReleasedAt: number | null
}

/** Who has a reservation. Ownership goes by `uid` alone; `userName` is for people to read. */
export interface Holder {
  readonly uid: number
  readonly userName: string
}

/**
 * Names one process for ever: a pid is used again, but not with the same start time in the same boot.
 * `startTicks` is field 22 of /proc/PID/stat: clock ticks since boot, which no clock step changes.
 */
export interface ProcessIdentity {
  readonly bootId: string
  /** The pid namespace that `pid` counts in, as the link /proc/self/ns/pid names it. */
  readonly pidNamespace: string
  readonly pid: number
  readonly startTicks: number
}

interface Claim {
  readonly id: string
  readonly holder: Holder
  /** Ascending GPU indices, at least one. */
  readonly gpus: readonly number[]
  readonly reservedAt: number
}

/** Bound to a process: it is alive exactly while that process is. */
export interface RunReservation extends Claim {
  readonly type: 'run'
  readonly process: ProcessIdentity
  /** The last sign of life that its keeper recorded. */
  readonly heartbeatAt: number
}

/** Bound to the clock: it ends at `expiresAt`, or when its holder releases it. */
export interface ManualReservation extends Claim {
  readonly type: 'manual'
  readonly expiresAt: number
}

export type Reservation = RunReservation | ManualReservation

/** The one vocabulary in which `core` tells a store what to write. */
export type Change =
  /** Starts over: these GPUs, never released, no reservation. */
  | { readonly kind: 'initialize'; readonly provider: Provider; readonly gpuCount: number }
  | { readonly kind: 'add'; readonly reservation: Reservation }
  /** Ends a reservation; its GPUs count as released at `releasedAt`. */
  | { readonly kind: 'remove'; readonly id: string; readonly releasedAt: number }
  | { readonly kind: 'heartbeat'; readonly id: string; readonly at: number }

/** What a rule decided: the changes to write, and the answer for whoever asked. */
export interface Decision<T> {
  readonly changes: readonly Change[]
  readonly result: T
}

/**
 * The pool after the changes. This is the meaning of each change: a store must end up with the same pool.
 *
 * @throws {Error} when a change cannot be applied to this pool, which is a bug of the rule that decided it
 */
export function applyChanges(pool: Pool | null, changes: readonly Change[]): Pool | null {
  return changes.reduce(applyChange, pool)
}

function applyChange(pool: Pool | null, change: Change): Pool | null {
  if (change.kind === 'initialize') {
    const gpus = Array.from({ length: change.gpuCount }, (_, index) => ({ index, lastReleasedAt: null }))
    return { provider: change.provider, gpus, reservations: [] }
  }
  if (!pool) throw new Error(`'${change.kind}' on a pool that was never initialized`)
  switch (change.kind) {
    case 'add': {
      const { reservation } = change
      const held = new Set(pool.reservations.flatMap(other => other.gpus))
      for (const index of reservation.gpus) {
        if (held.has(index)) throw new Error(`GPU ${index} would be reserved twice`)
        if (!pool.gpus.some(gpu => gpu.index === index)) throw new Error(`GPU ${index} is not in the pool`)
      }
      return { ...pool, reservations: [...pool.reservations, reservation] }
    }
    case 'remove': {
      const released = new Set(pool.reservations.find(({ id }) => id === change.id)?.gpus)
      return {
        ...pool,
        gpus: pool.gpus.map(gpu =>
          released.has(gpu.index) ? { ...gpu, lastReleasedAt: change.releasedAt } : gpu,
        ),
        reservations: pool.reservations.filter(({ id }) => id !== change.id),
      }
    }
    case 'heartbeat':
      return {
        ...pool,
        reservations: pool.reservations.map(reservation =>
          reservation.type === 'run' && reservation.id === change.id
            ? { ...reservation, heartbeatAt: change.at }
            : reservation,
        ),
      }
  }
}
