import type { Pool } from '../../core/pool.ts'
import { poolQueue } from '../../core/queue.ts'
import { type PoolFacts, poolStatus } from '../../core/status.ts'
import { type PoolSummary, summarize } from '../../core/summary.ts'

export function poolSummaryLine(pool: Pool, facts: PoolFacts): string {
  return summaryLine(summarize(poolStatus(pool, facts), poolQueue(pool, facts).length))
}

/** The pool in one line for prompts and status bars: `3/8 free, 4 reserved, 1 in use without reservation, 2 waiting`. */
export function summaryLine(summary: PoolSummary): string {
  const others: [count: number, words: string][] = [
    [summary.reserved, 'reserved'],
    [summary.drained, 'drained'],
    [summary.inUseWithoutReservation, 'in use without reservation'],
    [summary.notValidated, 'not validated'],
    [summary.waiting, 'waiting'],
  ]
  return [
    `${summary.free}/${summary.gpus} free`,
    ...others.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`),
  ].join(', ')
}
