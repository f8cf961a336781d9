import type { Policy, Wanted } from '../../src/core/pool.ts'
import { choices } from './simulator-choice.ts'
import type { Entry, Slot } from './simulator-ledger.ts'
import type { Place } from './simulator-line.ts'
import type { Seen } from './simulator-look.ts'

/** What a GPU is to somebody who asks. */
export type State = 'reserved' | 'drained' | 'unknown' | 'in-use' | 'available'

export function knownEndOf({ until, endsAt }: Entry): number | null {
  return typeof until === 'number' ? until : endsAt
}

/** Whether these GPUs are among those that somebody asks for. */
export function wants({ gpuIds }: Pick<Wanted, 'gpuIds'>, index: number): boolean {
  return gpuIds?.includes(index) ?? true
}

/** Says, on the ledger and by the sentences of docs/queue.md, who may have what. */
export class Judge {
  readonly states: readonly State[]

  constructor(
    readonly slots: readonly Slot[],
    /** The requests that came before and could take what they get. */
    readonly ahead: readonly Place[],
    seen: Seen,
    readonly now: number,
  ) {
    this.states = slots.map((slot, index) => {
      if (slot.entry) return 'reserved'
      if (slot.isDrained) return 'drained'
      if (!seen.isReported(index) || seen.look.isOutdated(index, slot)) return 'unknown'
      return seen.isIdle(index) ? 'available' : 'in-use'
    })
  }

  countOf(state: State, wanted: Pick<Wanted, 'gpuIds'> = { gpuIds: null }): number {
    return this.states.filter((other, index) => other === state && wants(wanted, index)).length
  }

  /** The GPUs that a request may have which ends at some instant, null when nobody knows when. */
  leftFor(wanted: Pick<Wanted, 'gpuIds'>, endsAt: number | null): number[] {
    const isLeft = this.states.map(state => state === 'available')
    for (const place of this.ahead) {
      const usable = isLeft.flatMap((is, index) => (is && wants(place.wanted, index) ? [index] : []))
      const startsNow = usable.length >= place.wanted.count
      const isHarmless = !startsNow && endsAt !== null && endsAt <= this.couldStartAt(place.wanted)
      const isHopeless = !startsNow && this.couldStartAt(place.wanted) === Infinity
      const taken = startsNow
        ? this.chosen(place.wanted.policy, usable, place.wanted.count, place.uid)
        : isHarmless || isHopeless
          ? []
          : usable
      for (const index of taken) isLeft[index] = false
    }
    return isLeft.flatMap((is, index) => (is && wants(wanted, index) ? [index] : []))
  }

  /** Which of some GPUs a policy chooses. */
  chosen(policy: Policy, usable: readonly number[], count: number, uid: number): number[] {
    return choices[policy](this.slots, usable, count, uid)
  }

  /** The first instant at which a request could have all its GPUs, going by known ends and hoping for the best; Infinity for never. */
  couldStartAt(wanted: Wanted): number {
    const ends = this.endsFor(wanted)
    const instants = [this.now, ...ends.known.filter(end => end > this.now).sort((a, b) => a - b)]
    const isEnough = (at: number) => ends.unknown + ends.known.filter(end => end <= at).length >= wanted.count
    return instants.find(isEnough) ?? Infinity
  }

  /** When the GPUs that a request can use are known to come free, and how many may do so at any moment or never. */
  private endsFor(
    wanted: Wanted,
    granted: readonly number[] = [],
    endsAt: number | null = null,
  ): { known: number[]; unknown: number } {
    const known: number[] = []
    let unknown = 0
    for (const [index, { entry, isDrained }] of this.slots.entries()) {
      if (isDrained || !wants(wanted, index)) continue
      const end = entry ? knownEndOf(entry) : this.states[index] === 'available' ? this.now : null
      if (granted.includes(index)) known.push(endsAt ?? Infinity)
      else if (end === null) unknown++
      else known.push(Math.max(end, this.now))
    }
    return { known, unknown }
  }

  /**
   * The first of those before who could start later because some GPUs are given away until an instant: in whichever course of
   * events, holders without a known end giving back at once or never. It knows nothing of how the rule chooses.
   */
  delayedBy(granted: readonly number[], endsAt: number | null): Place | undefined {
    return this.ahead.find(({ wanted }) => {
      const before = this.endsFor(wanted)
      const after = this.endsFor(wanted, granted, endsAt)
      return Array.from({ length: before.unknown + 1 }, (_, freed) => freed).some(
        freed => startOf(after.known, freed, wanted.count) > startOf(before.known, freed, wanted.count),
      )
    })
  }
}

/** When so many GPUs are free, some of them from the beginning. */
export function startOf(ends: readonly number[], freed: number, count: number): number {
  if (freed >= count) return -Infinity
  return ends.toSorted((a, b) => a - b)[count - freed - 1] ?? Infinity
}
