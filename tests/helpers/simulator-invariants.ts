import type { Pool, QueueEntry, Reservation } from '../../src/core/pool.ts'
import { MINUTE } from './pools.ts'
import type { Observer, World } from './simulator-world.ts'

/** Why the pool may have changed in a step. */
export type Cause =
  /** Or an adoption: what may come to be is the reservation of this id. */
  | { readonly by: 'request'; readonly id: string; readonly observer: Observer }
  | { readonly by: 'keeper'; readonly id: string; readonly uid: number; readonly releases: boolean }
  | { readonly by: 'release'; readonly uid: number; readonly observer: Observer }
  | { readonly by: 'word'; readonly ids: readonly string[]; readonly observer: Observer }
  | { readonly by: 'extend'; readonly uid: number; readonly observer: Observer }
  | { readonly by: 'idle'; readonly ids: readonly string[]; readonly observer: Observer }
  | { readonly by: 'waiter'; readonly id: string }
  | { readonly by: 'admin'; readonly force: boolean; readonly observer: Observer }

class BrokenPromise extends Error {}

/** @throws {BrokenPromise} */
export function promise(kept: boolean, broken: () => string): void {
  if (!kept) throw new BrokenPromise(broken())
}

/** I1: a GPU has at most one reservation, and a reservation has GPUs of the pool, in order. */
export function checkOwnership({ gpus, reservations, queue }: Pool): void {
  const held = new Set<number>()
  for (const reservation of reservations) {
    promise(reservation.gpus.length > 0, () => `I1: ${reservation.id} has no GPU`)
    for (const [place, index] of reservation.gpus.entries()) {
      promise(!held.has(index), () => `I1: GPU ${index} has two reservations`)
      promise(gpus[index]?.index === index, () => `I1: GPU ${index} is reserved but not in the pool`)
      promise(
        index > (reservation.gpus[place - 1] ?? -1),
        () => `I1: ${reservation.id} has its GPUs in no order`,
      )
      held.add(index)
    }
  }
  for (const { id } of queue) {
    promise(!reservations.some(other => other.id === id), () => `line: ${id} waits and has GPUs`)
  }
}

/**
 * I2: a live reservation never disappears, nor comes to be, nor changes, without its holder, an admin or its expiry.
 * I4: a dead holder's GPUs come back with the very next decision.
 */
export function checkReservations(before: Pool, after: Pool, cause: Cause, world: World): void {
  if (cause.by === 'admin' && cause.force) return
  const old = new Map(before.reservations.map(reservation => [reservation.id, reservation]))
  const kept = new Map(after.reservations.map(reservation => [reservation.id, reservation]))
  for (const reservation of before.reservations) {
    const now = kept.get(reservation.id)
    if (!now) promise(mayEnd(reservation, cause, world), () => `I2: ${reservation.id} disappeared`)
    else if (now !== reservation)
      promise(mayChange(reservation, now, cause), () => `I2: ${reservation.id} was altered`)
  }
  for (const { id } of after.reservations) {
    promise(old.has(id) || (cause.by === 'request' && cause.id === id), () => `I2: ${id} came from nowhere`)
  }
  if (!('observer' in cause)) return
  for (const reservation of after.reservations) {
    promise(
      !isOver(reservation, cause.observer, world),
      () => `I4: ${reservation.id} is over and still there`,
    )
  }
}

function mayEnd(reservation: Reservation, cause: Cause, world: World): boolean {
  const { id, type, holder } = reservation
  if ('observer' in cause && isOver(reservation, cause.observer, world)) return true
  switch (cause.by) {
    case 'keeper':
      return cause.releases && id === cause.id && holder.uid === cause.uid
    case 'release':
      return type === 'manual' && holder.uid === cause.uid
    case 'word':
    case 'idle':
      return cause.ids.includes(id)
    default:
      return false
  }
}

function mayChange(before: Reservation, after: Reservation, cause: Cause): boolean {
  // What was observed of its GPUs is not the reservation's.
  if (Bun.deepEquals(before, { ...after, unusedGpuMs: before.unusedGpuMs })) return true
  if (before.type === 'run' && after.type === 'run') {
    const isKept = cause.by === 'keeper' && before.id === cause.id && before.holder.uid === cause.uid
    return isKept && Bun.deepEquals({ ...before, heartbeatAt: 0 }, { ...after, heartbeatAt: 0 })
  }
  if (before.type !== 'manual' || after.type !== 'manual') return false
  if (cause.by === 'idle')
    return Bun.deepEquals(
      { ...before, idleWarnedAt: 0, unusedGpuMs: 0 },
      { ...after, idleWarnedAt: 0, unusedGpuMs: 0 },
    )
  const isExtended =
    cause.by === 'extend' && before.holder.uid === cause.uid && after.expiresAt > before.expiresAt
  return isExtended && Bun.deepEquals({ ...before, expiresAt: 0 }, { ...after, expiresAt: 0 })
}

function isOver(reservation: Reservation, observer: Observer, world: World): boolean {
  if (reservation.type === 'manual') return world.now >= reservation.expiresAt
  const sighting = world.sightRun(reservation.id, reservation.processes, observer)
  const isSilent = world.now - reservation.heartbeatAt > 5 * MINUTE
  return sighting === 'gone' || sighting === 'ended' || (sighting !== 'alive' && isSilent)
}

/** I3: the line's order is kept, one entry for each request, new ones at the end; nobody joins or leaves it but by their own doing, or dead. */
export function checkLine({ queue: before }: Pool, { queue: after }: Pool, cause: Cause, world: World): void {
  const ids = after.map(({ id }) => id)
  promise(new Set(ids).size === ids.length, () => `I3: twice in the line: [${ids}]`)
  if (before === after || (cause.by === 'admin' && cause.force)) return
  const own = cause.by === 'request' || cause.by === 'waiter' ? cause.id : null
  const old = new Map(before.map(entry => [entry.id, entry]))
  for (const [place, { id }] of before.filter(({ id }) => ids.includes(id)).entries()) {
    promise(ids[place] === id, () => `I3: ${id} has lost its place: [${ids}]`)
  }
  for (const entry of after) {
    if (entry.id === own) continue
    promise(old.get(entry.id) === entry, () => `I3: ${entry.id} was put into the line, or altered in it`)
  }
  for (const entry of before) {
    if (ids.includes(entry.id) || entry.id === own) continue
    const isDead = 'observer' in cause && isGone(entry, cause.observer, world)
    promise(isDead, () => `I3: ${entry.id} lives and left the line`)
  }
}

function isGone({ process, heartbeatAt }: QueueEntry, observer: Observer, world: World): boolean {
  const sighting = world.sight(process, observer)
  return sighting === 'gone' || (sighting !== 'alive' && world.now - heartbeatAt > 5 * MINUTE)
}
