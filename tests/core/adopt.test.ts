import { describe, expect, test } from 'bun:test'
import { type AdoptionAnswer, type AdoptionFacts, adopt, type SeenProcess } from '../../src/core/adopt.ts'
import type { Decision } from '../../src/core/changes.ts'
import type { AdoptionObstacle } from '../../src/core/errors.ts'
import type { Holder, Pool } from '../../src/core/pool.ts'
import fc from '../helpers/fast-check.ts'
import { aHolder, aManual, aPool, aProcess, aRun, busy, NOW, someFacts, usageOf } from '../helpers/pools.ts'

const [root, alice, bob] = [aHolder(0), aHolder(1000), aHolder(1001)]

/** Alice's processes have pids from 100 on, bob's from 200, carol's from 300; one that is in no list does not run. */
function runningAre(...pids: number[]): Map<number, SeenProcess> {
  return new Map(
    pids.map(pid => [pid, { identity: aProcess(pid), owner: aHolder(999 + Math.floor(pid / 100)) }]),
  )
}

/** GPU 0: two of alice's. GPU 1: one of them. GPU 2: bob's. GPU 3: one of alice's and bob's. GPU 4: idle. */
const usage = usageOf(busy(900, 100, 101), busy(900, 101), busy(900, 200), busy(900, 102, 201), busy(0))
const facts: AdoptionFacts = {
  ...someFacts({ usage }),
  processes: runningAre(100, 101, 102, 103, 200, 201),
}

function asked(
  pids: readonly number[] | null,
  { by = alice, pool = aPool({ gpus: 5 }) }: { by?: Holder; pool?: Pool } = {},
): Decision<AdoptionAnswer> {
  return adopt(pool, { id: 'new', by, alias: null, note: 'late', pids }, facts)
}

function granted({ result }: Decision<AdoptionAnswer>) {
  if (result.kind === 'refused') throw result.error
  const { gpus, holder, processes } = result.reservation
  return { gpus, uid: holder.uid, pids: processes.map(({ pid }) => pid) }
}

function obstacles({ result }: Decision<AdoptionAnswer>): readonly AdoptionObstacle[] | null {
  return result.kind === 'refused' ? result.error.obstacles : null
}

describe('adopt', () => {
  test('binds a run reservation to the processes, on the GPUs that they are seen on', () => {
    const { result, changes } = asked([101, 100])
    const reservation = {
      id: 'new',
      type: 'run' as const,
      holder: alice,
      alias: null,
      note: 'late',
      gpus: [0, 1],
      reservedAt: NOW,
      waitedMs: 0,
      unusedGpuMs: 0,
      processes: [aProcess(101), aProcess(100)],
      heartbeatAt: NOW,
      endsAt: null,
    }
    expect(result).toEqual({ kind: 'granted', reservation })
    expect(changes.filter(({ kind }) => kind === 'add')).toEqual([{ kind: 'add', reservation }])
    expect(changes.at(-1)).toMatchObject({
      kind: 'log',
      event: { kind: 'reserved', holder: alice, by: null },
    })
  })

  test('takes a process that is named twice once', () => {
    expect(granted(asked([100, 100]))).toMatchObject({ pids: [100] })
  })

  test('takes without --pid all of the user that use a GPU without reservation', () => {
    const only = { ...facts, usage: usageOf(busy(900, 100, 101), busy(900, 101), busy(900, 200)) }
    const decision = adopt(
      aPool({ gpus: 5 }),
      { id: 'new', by: alice, alias: null, note: null, pids: null },
      only,
    )
    expect(granted(decision)).toEqual({ gpus: [0, 1], uid: 1000, pids: [100, 101] })
  })

  test('leaves GPUs that the user has reserved already in that reservation', () => {
    const pool = aPool({ gpus: 5, reservations: [aManual({ gpus: [0], holder: alice })] })
    expect(granted(asked([101], { pool }))).toEqual({ gpus: [1], uid: 1000, pids: [101] })
  })

  test('does not mind that root adopts for a user: the user is the holder, and the log says who did it', () => {
    const decision = asked([200], { by: root })
    expect(granted(decision)).toEqual({ gpus: [2], uid: 1001, pids: [200] })
    expect(decision.changes.at(-1)).toMatchObject({ event: { holder: bob, by: root } })
  })

  test.each<[why: string, asked: Decision<AdoptionAnswer>, obstacles: AdoptionObstacle[]]>([
    ['a process does not run', asked([100, 99]), [{ kind: 'not-running', pid: 99 }]],
    ['a process is another user’s', asked([200]), [{ kind: 'not-yours', pid: 200, userName: 'user1001' }]],
    ['a process uses no GPU', asked([100, 103]), [{ kind: 'no-gpu', pid: 103 }]],
    ['none of the user uses a GPU', asked(null, { by: aHolder(1002) }), [{ kind: 'nothing-to-adopt' }]],
    ['root has none itself', asked(null, { by: root }), [{ kind: 'nothing-to-adopt' }]],
    [
      'root names processes of two users',
      asked([100, 200], { by: root }),
      [{ kind: 'several-users', userNames: ['user1000', 'user1001'] }],
    ],
    [
      'another user uses one of the GPUs, too',
      asked([102]),
      [{ kind: 'shared', gpu: 3, pid: 201, userName: 'user1001' }],
    ],
    [
      'one of the GPUs is reserved by another, whom it names',
      asked([101], {
        pool: aPool({ gpus: 5, reservations: [aRun({ gpus: [1], holder: bob, alias: 'Bo' })] }),
      }),
      [{ kind: 'reserved', gpu: 1, by: 'Bo (user1001)' }],
    ],
    [
      'the user has reserved all of them already',
      asked([101], { pool: aPool({ gpus: 5, reservations: [aManual({ gpus: [0, 1] })] }) }),
      [{ kind: 'reserved-already', gpus: [0, 1] }],
    ],
    [
      'one of the GPUs is drained',
      asked([101], { pool: aPool({ gpus: [null, { drain: { at: NOW, by: root, note: null } }] }) }),
      [{ kind: 'drained', gpu: 1 }],
    ],
    [
      'the process is on a GPU that is not in the pool',
      asked([102], { pool: aPool({ gpus: 3 }) }),
      [{ kind: 'no-gpu', pid: 102 }],
    ],
  ])('takes nothing when %s', (_, decision, expected) => {
    expect(obstacles(decision)).toEqual(expected)
    expect(decision.changes.filter(({ kind }) => kind === 'add')).toEqual([])
    expect(decision.changes.at(-1)).toMatchObject({ kind: 'log', event: { kind: 'refused' } })
  })

  test('goes by what a GPU is now: one whose reservation is over is free to adopt', () => {
    const pool = aPool({ gpus: 5, reservations: [aManual({ gpus: [0, 1], holder: bob, expiresAt: NOW })] })
    expect(granted(asked([101], { pool }))).toMatchObject({ gpus: [0, 1] })
  })
})

const users: fc.Arbitrary<number> = fc.constantFrom(1000, 1000, 1000, 1001, 0)

test('never takes what another has or uses, and takes exactly the GPUs of its processes', () => {
  const scenes = fc.record({
    by: users,
    pids: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 })),
    owners: fc.array(users, { minLength: 7, maxLength: 7 }),
    onGpus: fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }), {
      minLength: 4,
      maxLength: 4,
    }),
    holders: fc.array(fc.option(users, { freq: 1 }), { minLength: 4, maxLength: 4 }),
  })
  let grants = 0
  fc.assert(
    fc.property(scenes, ({ by, pids, owners, onGpus, holders }) => {
      const reservations = holders.flatMap((uid, gpu) =>
        uid === null ? [] : [aManual({ id: `m${gpu}`, gpus: [gpu], holder: aHolder(uid) })],
      )
      const processes = new Map(
        owners.map((uid, pid) => [pid, { identity: aProcess(pid), owner: aHolder(uid) }] as const),
      )
      const scene = { ...someFacts({ usage: usageOf(...onGpus.map(pids => busy(500, ...pids))) }), processes }
      const adoption = { id: 'new', by: aHolder(by), alias: null, note: null, pids }
      const { result } = adopt(aPool({ gpus: 4, reservations }), adoption, scene)
      if (result.kind === 'refused') return
      grants++
      const { gpus, holder, processes: bound } = result.reservation
      const taken = bound.map(({ pid }) => pid)
      expect(by === 0 || by === holder.uid).toBe(true)
      if (pids) expect(taken).toEqual(pids)
      for (const pid of taken) expect(owners[pid]).toBe(holder.uid)
      const theirs = onGpus.flatMap((on, gpu) => (on.some(pid => taken.includes(pid)) ? [gpu] : []))
      expect(gpus).toEqual(theirs.filter(gpu => holders[gpu] !== holder.uid))
      expect(gpus).not.toBeEmpty()
      for (const gpu of gpus) {
        expect(holders[gpu]).toBeNull()
        for (const pid of onGpus[gpu] ?? []) expect(owners[pid]).toBe(holder.uid)
      }
    }),
    { numRuns: 3000 },
  )
  expect(grants).toBeGreaterThan(100)
})
