import { describe, expect, test } from 'bun:test'
import { applyChanges, type Change } from '../../src/core/changes.ts'
import { aManual, aPool, aRun, HOUR, NOW } from '../helpers/pools.ts'

describe('applyChanges', () => {
  test('leaves the pool as it is when there is nothing to change', () => {
    const pool = aPool({ reservations: [aRun()] })
    expect(applyChanges(pool, [])).toEqual(pool)
    expect(applyChanges(null, [])).toBeNull()
  })

  test('initializes GPUs from 0 that were never released, without a reservation', () => {
    expect(applyChanges(null, [{ kind: 'initialize', provider: 'fake', gpuCount: 3 }])).toEqual({
      provider: 'fake',
      gpus: [0, 1, 2].map(index => ({
        index,
        lastReleasedAt: null,
        lastHolderUid: null,
        lastReservationId: null,
        unusedSince: null,
        drain: null,
      })),
      reservations: [],
      queue: [],
      observedAt: null,
      move: null,
    })
  })

  test('initializes over a pool that is there, and nothing of it remains', () => {
    const before = aPool({ gpus: [NOW, NOW], reservations: [aRun()], provider: 'fake' })
    const after = applyChanges(before, [{ kind: 'initialize', provider: 'nvidia', gpuCount: 1 }])
    expect(after).toEqual(aPool({ gpus: 1 }))
  })

  test('adds a reservation and nothing else', () => {
    const [held, reservation] = [aRun({ gpus: [0] }), aManual({ gpus: [2, 3] })]
    const before = aPool({ gpus: [null, 5, 6, 7], reservations: [held] })
    expect(applyChanges(before, [{ kind: 'add', reservation }])).toEqual({
      ...before,
      reservations: [held, reservation],
    })
  })

  test('removes a reservation: its GPUs count as released then, the others as before', () => {
    const other = aRun({ id: 'other', gpus: [0] })
    const released = { lastReleasedAt: NOW, lastHolderUid: 1000, lastReservationId: 'gone' }
    const before = aPool({
      gpus: [1, 2, 3, null],
      reservations: [other, aManual({ id: 'gone', gpus: [1, 3] })],
    })
    expect(applyChanges(before, [{ kind: 'remove', id: 'gone', releasedAt: NOW }])).toEqual(
      aPool({ gpus: [1, released, 3, released], reservations: [other] }),
    )
  })

  test('does nothing for the removal of a reservation that is not there', () => {
    const before = aPool({ reservations: [aRun()] })
    expect(applyChanges(before, [{ kind: 'remove', id: 'other', releasedAt: NOW }])).toEqual(before)
  })

  test('records the heartbeat of one run reservation', () => {
    const [first, second, manual] = [
      aRun({ id: 'a', gpus: [0] }),
      aRun({ id: 'b', gpus: [1] }),
      aManual({ id: 'c', gpus: [2] }),
    ]
    const before = aPool({ reservations: [first, second, manual] })
    const after = applyChanges(before, [{ kind: 'heartbeat', id: 'b', at: NOW }])
    expect(after?.reservations).toEqual([first, { ...second, heartbeatAt: NOW }, manual])
    expect(after?.gpus).toEqual(before.gpus)
  })

  test.each(['manual-1', 'other'])('does nothing for a heartbeat of %s, which is no run', id => {
    const before = aPool({ reservations: [aManual()] })
    expect(applyChanges(before, [{ kind: 'heartbeat', id, at: NOW }])).toEqual(before)
  })

  test('applies changes in their order: what is removed first can be added again', () => {
    const before = aPool({ reservations: [aRun({ gpus: [0, 1] })] })
    const reservation = aManual({ gpus: [1] })
    const after = applyChanges(before, [
      { kind: 'remove', id: 'run-1', releasedAt: NOW - HOUR },
      { kind: 'add', reservation },
    ])
    expect(after?.reservations).toEqual([reservation])
  })

  test('does not alter the pool that it was given', () => {
    const before = aPool({ reservations: [aRun()] })
    const copy = structuredClone(before)
    applyChanges(before, [
      { kind: 'heartbeat', id: 'run-1', at: NOW },
      { kind: 'add', reservation: aManual({ gpus: [5] }) },
      { kind: 'remove', id: 'run-1', releasedAt: NOW },
    ])
    expect(before).toEqual(copy)
  })

  test.each<[string, Change]>([
    ['a GPU that is held', { kind: 'add', reservation: aManual({ gpus: [1, 0] }) }],
    ['a GPU that the pool does not have', { kind: 'add', reservation: aManual({ gpus: [8] }) }],
  ])('refuses to add a reservation of %s', (_, change) => {
    expect(() => applyChanges(aPool({ reservations: [aRun()] }), [change])).toThrow(/^GPU \d/)
  })

  test.each<Change>([
    { kind: 'add', reservation: aManual() },
    { kind: 'remove', id: 'run-1', releasedAt: NOW },
    { kind: 'heartbeat', id: 'run-1', at: NOW },
  ])('refuses $kind on a pool that was never initialized', change => {
    expect(() => applyChanges(null, [change])).toThrow('never initialized')
  })
})
