import { type Ledger, NOBODY, type Slot } from './simulator-ledger.ts'
import type { Observer, Probed } from './simulator-world.ts'

/** Who had which GPU when the tool was asked. */
export interface Tenure {
  readonly held: ReadonlySet<number>
  readonly past: readonly (readonly string[])[]
}

export function tenureOf(ledger: Ledger, observer: Observer): Tenure {
  const { slots } = ledger.swept(observer)
  const held = new Set(slots.flatMap(({ entry }, index) => (entry ? [index] : [])))
  return { held, past: slots.map(({ had }) => had) }
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
    const { held, past } = this.tenure
    return held.has(index) || had !== (past[index] ?? NOBODY)
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
