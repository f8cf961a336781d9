import { expect, test } from 'bun:test'
import { poolSummaryLine, summaryLine } from '../../../src/cli/output/summary-line.ts'
import type { PoolSummary } from '../../../src/core/summary.ts'
import { anEntry, aPool, idle, someFacts } from '../../helpers/pools.ts'

const nothing: PoolSummary = {
  gpus: 8,
  free: 0,
  reserved: 0,
  drained: 0,
  inUseWithoutReservation: 0,
  notValidated: 0,
  waiting: 0,
}

test.each<[Partial<PoolSummary>, string]>([
  [{ free: 8 }, '8/8 free'],
  [{ reserved: 8 }, '0/8 free, 8 reserved'],
  [
    { free: 3, reserved: 4, inUseWithoutReservation: 1, waiting: 2 },
    '3/8 free, 4 reserved, 1 in use without reservation, 2 waiting',
  ],
  [{ free: 6, drained: 2 }, '6/8 free, 2 drained'],
  [{ reserved: 1, notValidated: 7 }, '0/8 free, 1 reserved, 7 not validated'],
  [{ gpus: 1, free: 1, waiting: 1 }, '1/1 free, 1 waiting'],
])('%j is one line', (counts, line) => {
  expect(summaryLine({ ...nothing, ...counts })).toBe(line)
})

test('a request whose process has ended does not wait', () => {
  const pool = aPool({ gpus: 1, queue: [anEntry({ id: 'one' }), anEntry({ id: 'two' })] })
  const facts = { ...someFacts(), usage: idle(1), sightings: new Map([['two', 'gone' as const]]) }
  expect(poolSummaryLine(pool, facts)).toBe('1/1 free, 1 waiting')
})
