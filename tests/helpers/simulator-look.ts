import { type Ledger, NOBODY, type Slot } from './simulator-ledger.ts'
import type { Observer, Probed } from './simulator-world.ts'

/** Who had which GPU when the tool was asked. */
export interface Tenure {
  readonly held: ReadonlySet<number>
  /** Those whose holder was gone, though nobody had written that down. */
  readonly abandoned: ReadonlySet<number>
  readonly past: readonly (readonly string[])[]
}

export function tenureOf(ledger: Ledger, observer: Observer): Tenure {
  const { slots } = ledger.swept(observer)
  const held = indicesOf(slots, ({ entry }) => entry !== null)
  const abandoned = indicesOf(ledger.slots, ({ entry }, index) => entry !== null && !held.has(index))
  return { held, abandoned, past: ledger.slots.map(({ had }) => had) }
}

/** A probe's answer, and who had what then; null where it is only to be shown. */
export class Look {
  constructor(
    readonly probed: Probed,
    private readonly tenure: Tenure | null,
  ) {}

  /** Whether somebody has had a GPU, which is free now, since the tool was asked, and so may use it without having been seen. */
  isOutdated(index: number, { had }: Slot): boolean {
    if (!this.tenure) return false
    const { held, abandoned, past } = this.tenure
    if (held.has(index)) return true
    if (abandoned.has(index) && had === NOBODY) return false
    return had !== (past[index] ?? NOBODY)
  }
}

/** A probe's answer as one request reads it. */
export class Seen {
  constructor(
    readonly look: Look,
    private readonly thresholdMiB: number,
  ) {}

  /** Whether it says anything. */
  get isAnswer(): boolean {
    return this.look.probed.usage.gpus.size > 0
  }

  isReported(index: number): boolean {
    return this.look.probed.usage.gpus.has(index)
  }

  isIdle(index: number): boolean {
    return this.look.probed.isSeenIdle(index, this.thresholdMiB)
  }
}

function indicesOf(slots: readonly Slot[], has: (slot: Slot, index: number) => boolean): ReadonlySet<number> {
  return new Set(slots.flatMap((slot, index) => (has(slot, index) ? [index] : [])))
}
