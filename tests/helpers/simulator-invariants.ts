import type { Shortage } from '../../src/core/errors.ts'
import type { Pool, Reservation } from '../../src/core/pool.ts'
import { MINUTE } from './pools.ts'
import type { Slot } from './simulator-ledger.ts'
import type { Observer, Probed, World } from './simulator-world.ts'

/** Why the pool may have changed in a step. */
export type Cause =
  | { readonly by: 'admin' }
  | { readonly by: 'keeper'; readonly id: string; readonly uid: number; readonly releases: boolean }
  | { readonly by: 'request'; readonly id: string; readonly observer: Observer }
  | { readonly by: 'release'; readonly uid: number; readonly observer: Observer }
  | { readonly by: 'nobody' }

export class BrokenPromise extends Error {}

/** @throws {BrokenPromise} */
export function promise(kept: boolean, broken: () => string): void {
  if (!kept) throw new BrokenPromise(broken())
}

/** I1: a GPU has at most one reservation, and a reservation has GPUs of the pool, in order. */
export function checkOwnership({ gpus, reservations }: Pool): void {
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
}

/**
 * I2: a live reservation never disappears, nor comes to be, nor changes, without its holder, an admin or its expiry.
 * I4: a dead holder's GPUs come back with the very next decision.
 */
export function checkReservations(before: Pool, after: Pool, cause: Cause, world: World): void {
  if (cause.by === 'admin') return
  const old = new Map(before.reservations.map(reservation => [reservation.id, reservation]))
  const kept = new Map(after.reservations.map(reservation => [reservation.id, reservation]))
  for (const reservation of before.reservations) {
    const now = kept.get(reservation.id)
    if (!now) promise(mayEnd(reservation, cause, world), () => `I2: ${reservation.id} disappeared`)
    else if (now !== reservation)
      promise(mayBeat(reservation, now, cause), () => `I2: ${reservation.id} was altered`)
  }
  for (const { id } of after.reservations) {
    promise(old.has(id) || (cause.by === 'request' && cause.id === id), () => `I2: ${id} came from nowhere`)
  }
  if (cause.by !== 'request' && cause.by !== 'release') return
  for (const reservation of after.reservations) {
    promise(
      !isOver(reservation, cause.observer, world),
      () => `I4: ${reservation.id} is over and still there`,
    )
  }
}

function mayEnd(reservation: Reservation, cause: Cause, world: World): boolean {
  switch (cause.by) {
    case 'keeper':
      return cause.releases && reservation.id === cause.id && reservation.holder.uid === cause.uid
    case 'request':
      return isOver(reservation, cause.observer, world)
    case 'release': {
      const isOwn = reservation.type === 'manual' && reservation.holder.uid === cause.uid
      return isOwn || isOver(reservation, cause.observer, world)
    }
    default:
      return false
  }
}

function mayBeat(before: Reservation, after: Reservation, cause: Cause): boolean {
  if (Bun.deepEquals(before, { ...after, unusedGpuMs: before.unusedGpuMs })) return true
  if (before.type !== 'run' || after.type !== 'run') return false
  const isKept = cause.by === 'keeper' && before.id === cause.id && before.holder.uid === cause.uid
  return isKept && Bun.deepEquals({ ...before, heartbeatAt: 0 }, { ...after, heartbeatAt: 0 })
}

function isOver(reservation: Reservation, observer: Observer, world: World): boolean {
  if (reservation.type === 'manual') return world.now >= reservation.expiresAt
  const sighting = world.sightAny(reservation.processes, observer)
  const isSilent = world.now - reservation.heartbeatAt > 5 * MINUTE
  return sighting === 'gone' || (sighting !== 'alive' && isSilent)
}

/** I5: granted is what this very probe has seen idle; all that was asked for; and the least recently used of it. */
export function checkGrant(
  granted: readonly number[],
  count: number,
  slots: readonly Slot[],
  seen: Seen,
): void {
  promise(granted.length === count, () => `half: ${granted.length} GPUs for a request of ${count}`)
  for (const index of granted) {
    promise(seen.isIdle(index), () => `I5: GPU ${index} was not validated as free`)
    promise(slots[index]?.entry === null, () => `I1: GPU ${index} belongs to somebody`)
  }
  const expected = leastRecentlyUsed(slots, index => seen.isIdle(index), count)
  promise(Bun.deepEquals(granted, expected), () => `LRU: [${granted}], not [${expected}]`)
}

/** A refusal is justified, and tells true counts. */
export function checkRefusal(told: Shortage, count: number, slots: readonly Slot[], seen: Seen): void {
  const free = slots.flatMap(({ entry }, index) => (entry ? [] : [index]))
  const available = free.filter(index => seen.isIdle(index)).length
  const notValidated = free.filter(index => !seen.isReported(index)).length
  const counted: Shortage = {
    requested: count,
    available,
    poolSize: slots.length,
    reserved: slots.length - free.length,
    inUseWithoutReservation: free.length - available - notValidated,
    notValidated,
    drained: 0,
    waitingBefore: 0,
  }
  promise(available < count, () => `refused ${count} GPUs though ${available} are available`)
  promise(
    Bun.deepEquals(told, counted),
    () => `counts: ${JSON.stringify(told)}, not ${JSON.stringify(counted)}`,
  )
}

/** A probe's answer as one request reads it. */
export class Seen {
  constructor(
    private readonly probed: Probed,
    private readonly thresholdMiB: number,
  ) {}

  isIdle(index: number): boolean {
    return this.probed.isSeenIdle(index, this.thresholdMiB)
  }

  isReported(index: number): boolean {
    return this.probed.usage.gpus.has(index)
  }
}

/** Goes around with a finger: again and again the one that is free for longest. */
function leastRecentlyUsed(
  slots: readonly Slot[],
  mayTake: (index: number) => boolean,
  count: number,
): number[] {
  const taken: number[] = []
  while (taken.length < count) {
    let best = -1
    for (const [index, { entry, freedAt }] of slots.entries()) {
      if (entry || !mayTake(index) || taken.includes(index)) continue
      if (best < 0 || (freedAt ?? -1) < (slots[best]?.freedAt ?? -1)) best = index
    }
    if (best < 0) break
    taken.push(best)
  }
  return taken.sort((a, b) => a - b)
}
