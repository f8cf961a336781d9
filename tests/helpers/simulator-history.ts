import type { Change } from '../../src/core/changes.ts'
import type { Ending, EventKind } from '../../src/core/history.ts'

/** What an event is about, and who is behind it. */
interface Told {
  readonly id?: string | null
  readonly uid: number
  readonly gpus?: readonly number[]
  readonly by?: number | null
}

/** How a reservation came to its end. */
export interface Ended {
  readonly ending: Ending
  readonly endedAt: number
  /** Whose word it was, null when it was the holder's or nobody's. */
  readonly by: number | null
}

/** What must be told, and beside it what the rules have told; each once, in whatever order within a step. */
export class History {
  private due: string[] = []
  private told: string[] = []

  expectEvent(kind: EventKind, at: number, { id = null, uid, gpus = [], by = null }: Told): void {
    this.due.push(`event ${kind} of ${id} by ${by ?? uid} for ${uid} on [${gpus}] at ${at}`)
  }

  expectRecord(
    { id, type, uid, reservedAt, waitedMs }: RecordOf,
    gpus: readonly number[],
    { ending, endedAt }: Ended,
  ): void {
    const end = Math.max(reservedAt, endedAt)
    this.due.push(
      `record of ${type} ${id} for ${uid} on [${gpus}] from ${reservedAt} to ${end}, ${ending}, waited ${waitedMs}`,
    )
  }

  hear(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'log') {
        const { kind, at, id, holder, gpus, by } = change.event
        const who = by?.uid ?? holder.uid
        this.told.push(`event ${kind} of ${id} by ${who} for ${holder.uid} on [${gpus}] at ${at}`)
      } else if (change.kind === 'record') {
        const { type, id, holder, gpus, reservedAt, endedAt, ending, waitedMs } = change.record
        this.told.push(
          `record of ${type} ${id} for ${holder.uid} on [${gpus}] from ${reservedAt} to ${endedAt}, ${ending}, waited ${waitedMs}`,
        )
      }
    }
  }

  /** @returns what is missing or too much since it was last asked, null when nothing is */
  difference(): string | null {
    const [due, told] = [this.due.sort(), this.told.sort()]
    this.due = []
    this.told = []
    if (due.length === told.length && due.every((line, index) => line === told[index])) return null
    const missing = due.filter(line => !told.includes(line))
    const extra = told.filter(line => !due.includes(line))
    return `missing [${missing.join('; ')}], told [${extra.join('; ')}], ${told.length} instead of ${due.length}`
  }
}

interface RecordOf {
  readonly id: string
  readonly type: 'run' | 'manual'
  readonly uid: number
  readonly reservedAt: number
  readonly waitedMs: number
}
