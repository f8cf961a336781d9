/** The pool: the GPUs of one host under management, and who holds them. Everything here is plain, immutable data. */

/** What tells us about the hardware: `nvidia` asks nvidia-smi, `fake` simulates idle GPUs. */
export type Provider = 'nvidia' | 'fake'

export interface Pool {
  readonly provider: Provider
  /** Ascending by `index`. */
  readonly gpus: readonly Gpu[]
  /** A GPU is in at most one of them. */
  readonly reservations: readonly Reservation[]
  /** The requests that wait, in the order in which they came. */
  readonly queue: readonly QueueEntry[]
  /** When a probe's answer was last recorded, see observe.ts; null when none ever was. */
  readonly observedAt: number | null
  /** Set while, and after, the pool moves to another store, see move.ts: then nothing is handed out here. */
  readonly move: Move | null
}

/** What a move between two stores has made of the pool in one of them. */
export interface Move {
  /** Of this one move; both stores have the same. */
  readonly id: string
  /** `arriving`: being filled; `leaving`: frozen, and may be copied; `left`: the other store has it. */
  readonly state: 'arriving' | 'leaving' | 'left'
  /** The other store, as people know it: a URL without a password. */
  readonly other: string
}

export interface Gpu {
  /** The number nvidia-smi gives it: PCI bus order, from 0. */
  readonly index: number
  /** When its last reservation ended; null when it was never released. */
  readonly lastReleasedAt: number | null
  /** The uid of the holder whose reservation ended then. */
  readonly lastHolderUid: number | null
  /** The id of that reservation. It tells, as no time does, whether another has been there since. */
  readonly lastReservationId: string | null
  /** The first of the observations that have all seen it unused, without a long gap; null when it is used or not known. */
  readonly unusedSince: number | null
  /** Set while it is kept from being handed out. */
  readonly drain: Drain | null
}

/** An administrator's word that a GPU is not to be handed out. */
export interface Drain {
  readonly at: number
  readonly by: Holder
  readonly note: string | null
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

/** How GPUs are chosen where several would do; see allocate.ts. */
export const POLICIES = ['lru', 'mru-user', 'pack'] as const
export type Policy = (typeof POLICIES)[number]

/** Which GPUs somebody asks for. */
export interface Wanted {
  /** An integer of at least 1. */
  readonly count: number
  /** Exactly these, ascending, `count` of them; null for any. */
  readonly gpuIds: readonly number[] | null
  readonly policy: Policy
}

/** What people read about a claim or a request, and no rule looks at. */
interface Labels {
  /** The person behind a shared account; ownership stays with the holder. */
  readonly alias: string | null
  readonly note: string | null
}

interface Claim extends Labels {
  readonly id: string
  readonly holder: Holder
  /** Ascending GPU indices, at least one. */
  readonly gpus: readonly number[]
  readonly reservedAt: number
  /** How long the request had waited in the queue. */
  readonly waitedMs: number
  /** For how long its GPUs were observed to be unused so far, summed over them. */
  readonly unusedGpuMs: number
}

/** Bound to processes: it is alive exactly while one of them is. */
export interface RunReservation extends Claim {
  readonly type: 'run'
  /** At least one; several when processes that were there before were adopted. */
  readonly processes: readonly ProcessIdentity[]
  /** The last sign of life that its keeper recorded. */
  readonly heartbeatAt: number
  /** By when its processes will have ended (`run --timeout`), null when nobody knows. */
  readonly endsAt: number | null
}

/** Bound to the clock: it ends at `expiresAt`, or when its holder releases it. */
export interface ManualReservation extends Claim {
  readonly type: 'manual'
  readonly expiresAt: number
  /** When its holder was last warned that it is unused while others wait, see idle.ts; null when never. */
  readonly idleWarnedAt: number | null
}

export type Reservation = RunReservation | ManualReservation

/** A request that waits. It lives exactly as long as its process, as a `run` reservation does. */
export interface QueueEntry extends Labels {
  /** The id that the reservation will have. */
  readonly id: string
  readonly type: Reservation['type']
  readonly holder: Holder
  readonly wanted: Wanted
  readonly queuedAt: number
  /** The last sign of life that its process recorded. */
  readonly heartbeatAt: number
  /** For how long it will hold what it gets, null when nobody knows. */
  readonly durationMs: number | null
  readonly process: ProcessIdentity
}

/** Who has it, for people: `alice`, or `alice (lab)` for somebody behind the shared account lab. */
export function displayName({ holder, alias }: { holder: Holder; alias: string | null }): string {
  return alias === null ? holder.userName : `${alias} (${holder.userName})`
}

/** When a reservation will have ended at the latest, null when nobody knows. */
export function knownEnd(reservation: Reservation): number | null {
  return reservation.type === 'manual' ? reservation.expiresAt : reservation.endsAt
}
