import type { Pool, ProcessIdentity, Reservation } from '../../src/core/pool.ts'
import { MINUTE } from './pools.ts'
import { type Ended, History } from './simulator-history.ts'
import { hasLeft, lineDifference, type Place } from './simulator-line.ts'
import type { Observer, World } from './simulator-world.ts'

/** A reservation as the ledger keeps it. */
export interface Entry {
  readonly id: string
  readonly type: Reservation['type']
  readonly uid: number
  readonly reservedAt: number
  readonly waitedMs: number
  /** The instant of its end, or the processes that it ends with. */
  until: number | readonly ProcessIdentity[]
  /** By when its processes will have ended, null when nobody knows. */
  readonly endsAt: number | null
  lastSignAt: number
  warnedAt: number | null
}

/** One line for each GPU: who has it, and since when it is free. */
export interface Slot {
  entry: Entry | null
  freedAt: number | null
  lastUid: number | null
  isDrained: boolean
  /** Since when it was seen to be unused. */
  unusedSince: number | null
  /** Everybody who has had it, by id. */
  had: readonly string[]
}

/** The past of a GPU that nobody has had. */
export const NOBODY: readonly string[] = []

/** How the pool is for an observer once everything is gone that is over, and what is gone. */
export interface Swept {
  readonly slots: Slot[]
  readonly line: Place[]
  readonly over: readonly (Ended & { readonly entry: Entry; readonly gpus: readonly number[] })[]
  readonly left: readonly Place[]
}

/**
 * What the pool must be, kept by the plainest means: a list of GPUs, changed one by one, and a list of who waits. It asks the
 * world, not the reports of it, who is alive.
 */
export class Ledger {
  slots: Slot[] = []
  line: Place[] = []
  readonly history = new History()
  observedAt: number | null = null

  constructor(private readonly world: World) {}

  startOver(gpuCount: number): void {
    this.slots = Array.from({ length: gpuCount }, newSlot)
    this.line = []
    this.observedAt = null
  }

  resize(gpuCount: number): void {
    this.slots = Array.from({ length: gpuCount }, (_, index) => this.slots[index] ?? newSlot())
  }

  /** @param asker the request that asks, and so is there */
  swept(observer: Observer, asker?: string): Swept {
    const over = this.entries().flatMap(entry => {
      const ended = this.endOf(entry, observer)
      return ended ? [{ entry, gpus: this.gpusOf(entry), ...ended }] : []
    })
    const slots = this.slots.map(slot => {
      const end = over.find(({ entry }) => entry === slot.entry)
      return end ? { ...slot, entry: null, freedAt: end.endedAt, lastUid: end.entry.uid } : slot
    })
    const left = this.line.filter(place => place.id !== asker && hasLeft(place, observer, this.world))
    const line = left.length > 0 ? this.line.filter(place => !left.includes(place)) : this.line
    return { slots, line, over, left }
  }

  /** Takes over what an observer has written down. */
  sweep(observer: Observer, asker?: string): Swept {
    const swept = this.swept(observer, asker)
    for (const { entry, gpus, ...ended } of swept.over) this.tellEnd(entry, gpus, ended)
    for (const { id, uid } of swept.left) this.history.expectEvent('left', this.world.now, { id, uid })
    this.slots = swept.slots
    this.line = swept.line
    return swept
  }

  /** When and how a reservation ended that is over for an observer, else null. */
  private endOf({ id, until, lastSignAt }: Entry, observer: Observer): Ended | null {
    const { now } = this.world
    if (typeof until === 'number')
      return until <= now ? { endedAt: until, ending: 'expired', by: null } : null
    const sighting = this.world.sightRun(id, until, observer)
    if (sighting === 'ended')
      return { endedAt: Math.min(now, lastSignAt + MINUTE), ending: 'finished', by: null }
    const isSilent = now - lastSignAt > 5 * MINUTE
    if (sighting === 'alive' || (sighting !== 'gone' && !isSilent)) return null
    return { endedAt: lastSignAt, ending: 'reclaimed', by: null }
  }

  entries(): Entry[] {
    return [...new Set(this.slots.flatMap(({ entry }) => entry ?? []))]
  }

  gpusOf(entry: Entry): number[] {
    return this.slots.flatMap((slot, index) => (slot.entry === entry ? [index] : []))
  }

  find(id: string, uid: number): Entry | undefined {
    return this.entries().find(entry => entry.id === id && entry.uid === uid)
  }

  add(reservation: Reservation, waitedMs: number, by: number | null = null): void {
    const { id, type, gpus, reservedAt } = reservation
    const uid = reservation.holder.uid
    const entry: Entry = {
      id,
      type,
      uid,
      reservedAt,
      waitedMs,
      until: reservation.type === 'run' ? reservation.processes : reservation.expiresAt,
      endsAt: reservation.type === 'run' ? reservation.endsAt : null,
      lastSignAt: reservedAt,
      warnedAt: null,
    }
    for (const index of gpus) {
      const slot = this.slots[index]
      if (slot) this.slots[index] = { ...slot, entry, had: [...slot.had, id] }
    }
    this.history.expectEvent('reserved', this.world.now, { id, uid, gpus, by })
  }

  /** @returns the GPUs that came free */
  end(
    ends: (entry: Entry) => boolean,
    ending: Ended['ending'] = 'released',
    by: number | null = null,
  ): number[] {
    const endedAt = this.world.now
    return this.entries()
      .filter(ends)
      .flatMap(entry => {
        const gpus = this.gpusOf(entry)
        this.tellEnd(entry, gpus, { endedAt, ending, by })
        for (const index of gpus) {
          const slot = this.slots[index]
          if (slot) this.slots[index] = { ...slot, entry: null, freedAt: endedAt, lastUid: entry.uid }
        }
        return gpus
      })
      .sort((a, b) => a - b)
  }

  private tellEnd(entry: Entry, gpus: readonly number[], ended: Ended): void {
    const { id, uid } = entry
    this.history.expectRecord(entry, gpus, ended)
    this.history.expectEvent(ended.ending, this.world.now, { id, uid, gpus, by: ended.by })
  }

  /** @returns where a pool differs, null when it is as it must be */
  difference(pool: Pool): string | null {
    if (pool.gpus.length !== this.slots.length) return `${pool.gpus.length} GPUs, not ${this.slots.length}`
    if (pool.observedAt !== this.observedAt)
      return `observed at ${pool.observedAt}, not at ${this.observedAt}`
    const entries = this.entries()
    if (pool.reservations.length !== entries.length)
      return `${pool.reservations.length} reservations, not ${entries.length}`
    for (const [index, { entry, freedAt, lastUid, had, isDrained, unusedSince }] of this.slots.entries()) {
      const gpu = pool.gpus[index]
      const holders = pool.reservations.filter(({ gpus }) => gpus.includes(index))
      if (gpu?.index !== index) return `GPU ${index} is out of place`
      if (holders.length !== (entry ? 1 : 0) || holders[0]?.id !== entry?.id)
        return `GPU ${index} is held by [${holders.map(({ id }) => id)}], not ${entry?.id ?? 'nobody'}`
      if (gpu.lastReleasedAt !== freedAt)
        return `GPU ${index} was released at ${gpu.lastReleasedAt}, not ${freedAt}`
      if (gpu.lastHolderUid !== lastUid) return `GPU ${index} was ${gpu.lastHolderUid}'s, not ${lastUid}'s`
      const lastId = had.at(entry ? -2 : -1) ?? null
      if (gpu.lastReservationId !== lastId)
        return `GPU ${index} was ${gpu.lastReservationId}'s, not ${lastId}'s`
      if ((gpu.drain !== null) !== isDrained) return `GPU ${index} is drained: ${gpu.drain !== null}`
      if (gpu.unusedSince !== unusedSince)
        return `GPU ${index} is unused since ${gpu.unusedSince}, not ${unusedSince}`
    }
    for (const entry of entries) {
      const found = pool.reservations.find(({ id }) => id === entry.id)
      if (!found || !isAsKept(found, entry)) return `${entry.id} was altered`
    }
    return lineDifference(pool.queue, this.line)
  }
}

function newSlot(): Slot {
  return { entry: null, freedAt: null, lastUid: null, isDrained: false, unusedSince: null, had: NOBODY }
}

function isAsKept(reservation: Reservation, entry: Entry): boolean {
  if (reservation.holder.uid !== entry.uid || reservation.waitedMs !== entry.waitedMs) return false
  if (reservation.type === 'manual')
    return reservation.expiresAt === entry.until && reservation.idleWarnedAt === entry.warnedAt
  const { heartbeatAt, endsAt, processes } = reservation
  return (
    heartbeatAt === entry.lastSignAt &&
    endsAt === entry.endsAt &&
    Array.isArray(entry.until) &&
    processes.length === entry.until.length &&
    processes.every((process, place) => Bun.deepEquals(process, entry.until[place as never]))
  )
}
