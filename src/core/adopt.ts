import { availability, type GpuAvailability } from './allocate.ts'
import type { Decision } from './changes.ts'
import { type AdoptionObstacle, CannotAdoptError } from './errors.ts'
import { settle } from './expire.ts'
import { logged } from './history.ts'
import { observe } from './observe.ts'
import { displayName, type Holder, type Pool, type ProcessIdentity, type RunReservation } from './pool.ts'
import type { Facts } from './reserve.ts'
import type { Usage } from './usage.ts'

/** The wish to bind a reservation to processes that use GPUs already. */
export interface Adoption {
  /** The id that the reservation gets. */
  readonly id: string
  /** Who asks. Root may ask for another user, who becomes the holder. */
  readonly by: Holder
  readonly alias: string | null
  readonly note: string | null
  /** Exactly these processes; null for all of the asking user that use a GPU without reservation. */
  readonly pids: readonly number[] | null
}

/** A process that runs. */
export interface SeenProcess {
  readonly identity: ProcessIdentity
  readonly owner: Holder
}

export interface AdoptionFacts extends Facts {
  /** Those on the GPUs and those asked for, by pid; one that is missing does not run or cannot be seen. */
  readonly processes: ReadonlyMap<number, SeenProcess>
}

export type AdoptionAnswer =
  | { readonly kind: 'granted'; readonly reservation: RunReservation }
  | { readonly kind: 'refused'; readonly error: CannotAdoptError }

/**
 * Binds a run reservation to processes that were started without canhazgpu: it has the GPUs that they are seen on and ends with
 * the last of them. All of the processes or none.
 *
 * Nothing is taken from anybody: the GPUs are in use, so nobody else could have them now. GPUs that the holder has reserved
 * already stay in that reservation. A GPU that somebody else uses, too, is not for one of them to claim.
 */
export function adopt(pool: Pool, adoption: Adoption, facts: AdoptionFacts): Decision<AdoptionAnswer> {
  const { now, usage, processes } = facts
  const settled = settle(pool, facts.sightings, now)
  const known = [...settled.changes, ...observe(settled.pool, facts)]
  const gpus = availability(settled.pool, usage, facts.memoryThresholdMiB)
  const pids = adoption.pids ? [...new Set(adoption.pids)] : unreservedPids(gpus, adoption.by, facts)
  const found = pids.flatMap(pid => processes.get(pid) ?? [])
  const holder = adoption.by.uid === 0 ? (found[0]?.owner ?? adoption.by) : adoption.by

  const used = gpus.filter(({ gpu }) => pidsOn(usage, gpu.index).some(pid => pids.includes(pid)))
  const taken = used.filter(
    ({ availability }) =>
      availability.state !== 'reserved' || availability.reservation.holder.uid !== holder.uid,
  )
  const obstacles = [
    ...obstaclesOf(pids, adoption, facts, used),
    ...taken.flatMap(gpu => obstaclesOn(gpu, holder, pids, facts)),
  ]
  if (obstacles.length === 0 && taken.length === 0) {
    obstacles.push({ kind: 'reserved-already', gpus: used.map(({ gpu }) => gpu.index) })
  }
  const { id, alias, note } = adoption
  if (obstacles.length > 0) {
    const error = new CannotAdoptError(obstacles)
    const refused = logged('refused', { id, holder: adoption.by, alias, note }, now, { note: error.message })
    return { changes: [...known, refused], result: { kind: 'refused', error } }
  }
  const reservation: RunReservation = {
    id,
    type: 'run',
    holder,
    alias,
    note,
    gpus: taken.map(({ gpu }) => gpu.index),
    reservedAt: now,
    waitedMs: 0,
    unusedGpuMs: 0,
    processes: found.map(({ identity }) => identity),
    heartbeatAt: now,
    endsAt: null,
  }
  return {
    changes: [
      ...known,
      { kind: 'add', reservation },
      logged('reserved', reservation, now, { by: adoption.by }),
    ],
    result: { kind: 'granted', reservation },
  }
}

/** The processes of a user on GPUs of the pool that the user has not reserved. */
function unreservedPids(gpus: readonly GpuAvailability[], { uid }: Holder, facts: AdoptionFacts): number[] {
  const pids = gpus
    .filter(
      ({ availability }) => availability.state !== 'reserved' || availability.reservation.holder.uid !== uid,
    )
    .flatMap(({ gpu }) => pidsOn(facts.usage, gpu.index))
    .filter(pid => facts.processes.get(pid)?.owner.uid === uid)
  return [...new Set(pids)].sort((a, b) => a - b)
}

function pidsOn(usage: Usage, index: number): number[] {
  return usage.gpus.get(index)?.processes.map(({ pid }) => pid) ?? []
}

/** What is in the way with the processes themselves. */
function obstaclesOf(
  pids: readonly number[],
  { by }: Adoption,
  { usage, processes }: AdoptionFacts,
  used: readonly GpuAvailability[],
): AdoptionObstacle[] {
  if (pids.length === 0) return [{ kind: 'nothing-to-adopt' }]
  const onGpus = new Set(used.flatMap(({ gpu }) => pidsOn(usage, gpu.index)))
  const owners = new Map(
    pids.flatMap(pid => processes.get(pid)?.owner ?? []).map(owner => [owner.uid, owner]),
  )
  return [
    ...pids.flatMap((pid): AdoptionObstacle[] => {
      const owner = processes.get(pid)?.owner
      if (!owner) return [{ kind: 'not-running', pid }]
      if (by.uid !== 0 && owner.uid !== by.uid) return [{ kind: 'not-yours', pid, userName: owner.userName }]
      return onGpus.has(pid) ? [] : [{ kind: 'no-gpu', pid }]
    }),
    ...(by.uid === 0 && owners.size > 1
      ? [
          {
            kind: 'several-users',
            userNames: [...owners.values()].map(({ userName }) => userName),
          } as const,
        ]
      : []),
  ]
}

/** What is in the way on a GPU that is to be taken. */
function obstaclesOn(
  { gpu: { index, drain }, availability }: GpuAvailability,
  holder: Holder,
  adopted: readonly number[],
  { usage, processes }: AdoptionFacts,
): AdoptionObstacle[] {
  if (availability.state === 'reserved')
    return [{ kind: 'reserved', gpu: index, by: displayName(availability.reservation) }]
  if (drain) return [{ kind: 'drained', gpu: index }]
  return pidsOn(usage, index).flatMap((pid): AdoptionObstacle[] => {
    const owner = processes.get(pid)?.owner
    if (owner?.uid === holder.uid || adopted.includes(pid)) return []
    return [{ kind: 'shared', gpu: index, pid, userName: owner?.userName ?? 'unknown' }]
  })
}
