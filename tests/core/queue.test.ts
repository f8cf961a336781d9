import { expect, test } from 'bun:test'
import { reserve } from '../../src/core/reserve.ts'
import { grantedBy, poolChanges, waitingBy } from '../helpers/answers.ts'
import { anEntry, aPool, aProcess, aRequest, HOUR, idle, NOW, someFacts, usageOf } from '../helpers/pools.ts'

/** One that was silent for an hour, and then asks; nobody can see its process. */
const silent = anEntry({ id: 'silent', queuedAt: NOW - HOUR, heartbeatAt: NOW - HOUR, type: 'manual' })
const own = aRequest({ id: 'silent', waiter: aProcess() })
const pool = aPool({ gpus: 1, queue: [silent, anEntry({ id: 'behind', heartbeatAt: NOW })] })

test('a request that asks keeps its place, however long it was silent', () => {
  const decision = reserve(pool, own, someFacts({ usage: usageOf(null) }))
  expect(waitingBy(decision).position).toBe(1)
  expect(poolChanges(decision.changes)).toEqual([])
})

test('a request that asks starts as one that has waited since it came, however long it was silent', () => {
  const decision = reserve(pool, own, someFacts({ usage: idle(1) }))
  expect(grantedBy(decision).waitedMs).toBe(HOUR)
  expect(poolChanges(decision.changes)).toEqual([
    { kind: 'dequeue', id: 'silent' },
    { kind: 'add', reservation: grantedBy(decision) },
  ])
})
