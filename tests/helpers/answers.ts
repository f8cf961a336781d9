import type { Change, Decision } from '../../src/core/changes.ts'
import type { UserError } from '../../src/core/errors.ts'
import type { LogEvent, UsageRecord } from '../../src/core/history.ts'
import type { Reservation } from '../../src/core/pool.ts'
import type { Waiting } from '../../src/core/queue.ts'
import type { Answer } from '../../src/core/reserve.ts'

/** What a request got, which must have been granted. */
export function grantedBy({ result }: Decision<Answer>): Reservation {
  if (result.kind === 'granted') return result.reservation
  throw new Error(`expected a grant, got ${Bun.inspect(result)}`)
}

/** What a request is told that must wait. */
export function waitingBy({ result }: Decision<Answer>): Waiting {
  if (result.kind === 'waiting') return result.waiting
  throw new Error(`expected a place in the line, got ${Bun.inspect(result)}`)
}

/** Why a request was refused, which must be by an error of the given class. */
export function refusedBy<E extends UserError>(
  { result }: Decision<Answer>,
  kind: abstract new (...args: never[]) => E,
): E {
  if (result.kind === 'refused' && result.error instanceof kind) return result.error
  throw new Error(`expected a ${kind.name}, got ${Bun.inspect(result)}`)
}

/** What changes make of the pool: without what is only kept to be looked at later. */
export function poolChanges(changes: readonly Change[]): Change[] {
  return changes.filter(({ kind }) => kind !== 'record' && kind !== 'log' && kind !== 'observe')
}

export function eventsOf(changes: readonly Change[]): LogEvent[] {
  return changes.flatMap(change => (change.kind === 'log' ? [change.event] : []))
}

export function recordsOf(changes: readonly Change[]): UsageRecord[] {
  return changes.flatMap(change => (change.kind === 'record' ? [change.record] : []))
}
