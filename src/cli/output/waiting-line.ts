import { gpuList } from '../../core/gpu-list.ts'
import { displayName, type Wanted } from '../../core/pool.ts'
import type { Waiting } from '../../core/queue.ts'
import { shortClock } from './local-clock.ts'

/** What a request that waits is told: its place, what is missing, who has it, and when that is known to end. */
export function waitingLine(waiting: Waiting, now: number): string {
  return `Waiting for ${askedFor(waiting.wanted)}: ${shortWaitingLine(waiting, now)}`
}

/** The same without what the asker knows, so that on a usual terminal the end has room. */
export function shortWaitingLine(waiting: Waiting, now: number): string {
  return `position ${waiting.position}, ${whyWaiting(waiting, now)}`
}

/** `2 GPU(s)`, or `GPU(s) [1, 3]` for exact ones. */
export function askedFor({ count, gpuIds }: Wanted): string {
  return gpuIds ? `GPU(s) ${gpuList(gpuIds)}` : `${count} GPU(s)`
}

/** Why a request does not start yet. */
export function whyWaiting(waiting: Waiting, now: number): string {
  const { position, wanted, missing, held, inUse, drained, earliestEndAt } = waiting
  if (missing === 0) return position > 1 ? 'its turn comes next' : 'about to start'
  const names = [...new Set(held.map(displayName))]
  const reasons = [
    `${missing} of ${wanted.count} missing`,
    names.length > 0 ? `held by ${listed(names)}` : '',
    inUse > 0 ? `${inUse} in use without reservation or not validated` : '',
    drained > 0 ? `${drained} drained` : '',
    earliestEndAt === null ? '' : `first known end ${shortClock(earliestEndAt, now)}`,
  ]
  return reasons.filter(reason => reason !== '').join(', ')
}

/** How many holders are named before the rest is only counted: the line is to fit a terminal. */
const SHOWN_NAMES = 3

function listed(names: readonly string[]): string {
  const rest = names.length - SHOWN_NAMES
  return `${names.slice(0, SHOWN_NAMES).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
