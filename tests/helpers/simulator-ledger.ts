import type { Pool, ProcessIdentity, Reservation, RunReservation } from '../../src/core/pool.ts'
import { MINUTE } from './pools.ts'
import type { Observer, World } from './simulator-world.ts'

/** A reservation as the ledger keeps it. */
export interface Entry {
  readonly id: string
  readonly uid: number
  readonly until: number | ProcessIdentity
  lastSignAt: number
}

/** One line for each GPU: who has it, and since when it is free. */
export interface Slot {
  entry: Entry | null
  freedAt: number | null
}

/**
 * What the pool must be, kept by the plainest means: a list of GPUs, changed one by one. It asks the world, not the
 * reports of it, who is alive.
 */
export class Ledger {
  slots: Slot[] = []

  constructor(private readonly world: World) {}

  startOver(gpuCount: number): void {
    this.slots = Array.from({ length: gpuCount }, () => ({ entry: null, freedAt: null }))
  }

  /** How the pool is for an observer once everything is gone that is over. */
  swept(observer: Observer): Slot[] {
    return this.slots.map(({ entry, freedAt }) => {
      const endedAt = entry && this.endOf(entry, observer)
      return endedAt === null ? { entry, freedAt } : { entry: null, freedAt: endedAt }
    })
  }

  /** When a reservation ended that is over for an observer, else null. */
  endOf({ until, lastSignAt }: Entry, observer: Observer): number | null {
    const { now } = this.world
    if (typeof until === 'number') return until <= now ? until : null
    const sighting = this.world.sight(until, observer)
    if (sighting === 'alive') return null
    if (sighting === 'gone') return lastSignAt
    return now - lastSignAt > 5 * MINUTE ? lastSignAt : null
  }

  entries(): Entry[] {
    return [...new Set(this.slots.flatMap(({ entry }) => (entry ? [entry] : [])))]
  }

  find(id: string, uid: number): Entry | undefined {
    return this.entries().find(entry => entry.id === id && entry.uid === uid)
  }

  add(reservation: Reservation): void {
    const entry: Entry = {
      id: reservation.id,
      uid: reservation.holder.uid,
      until: reservation.type === 'run' ? processOf(reservation) : reservation.expiresAt,
      lastSignAt: reservation.reservedAt,
    }
    for (const index of reservation.gpus)
      this.slots[index] = { entry, freedAt: this.slots[index]?.freedAt ?? null }
  }

  /** @returns the GPUs that came free */
  end(ends: (entry: Entry) => boolean): number[] {
    return this.slots.flatMap((slot, index) => {
      if (!slot.entry || !ends(slot.entry)) return []
      this.slots[index] = { entry: null, freedAt: this.world.now }
      return [index]
    })
  }

  /** @returns where a pool differs, null when it is as it must be */
  difference(pool: Pool): string | null {
    if (pool.gpus.length !== this.slots.length) return `${pool.gpus.length} GPUs, not ${this.slots.length}`
    const entries = this.entries()
    if (pool.reservations.length !== entries.length)
      return `${pool.reservations.length} reservations, not ${entries.length}`
    for (const [index, { entry, freedAt }] of this.slots.entries()) {
      const gpu = pool.gpus[index]
      const holders = pool.reservations.filter(({ gpus }) => gpus.includes(index))
      if (gpu?.index !== index) return `GPU ${index} is out of place`
      if (holders.length !== (entry ? 1 : 0) || holders[0]?.id !== entry?.id)
        return `GPU ${index} is held by [${holders.map(({ id }) => id)}], not ${entry?.id ?? 'nobody'}`
      if (gpu.lastReleasedAt !== freedAt)
        return `GPU ${index} was released at ${gpu.lastReleasedAt}, not ${freedAt}`
    }
    for (const { id, uid, until, lastSignAt } of entries) {
      const found = pool.reservations.find(reservation => reservation.id === id)
      const ends = found?.type === 'manual' ? found.expiresAt : found && processOf(found)
      const sign = found?.type === 'manual' ? lastSignAt : found?.heartbeatAt
      if (found?.holder.uid !== uid || ends !== until || sign !== lastSignAt) return `${id} was altered`
    }
    return null
  }
}

/** No reservation of a schedule has more than one process. */
function processOf({ processes: [process] }: RunReservation): ProcessIdentity {
  if (!process) throw new Error('a run without a process')
  return process
}
