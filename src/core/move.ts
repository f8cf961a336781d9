import type { Change, Decision } from './changes.ts'
import { CannotMoveError, PoolMovedError, PoolNotInitializedError } from './errors.ts'
import { type Sightings, settle } from './expire.ts'
import { loggedAct } from './history.ts'
import type { Gpu, Holder, Move, Pool, RunReservation } from './pool.ts'

/**
 * How a pool moves from one store to another, so that at no moment, whoever is killed when, both hand out GPUs.
 *
 * 1. The new place is marked `arriving`: it is not empty any more, and hands out nothing.
 * 2. The old one is marked `leaving`: from here on it hands out nothing either, and nothing in it changes.
 * 3. The old one is copied. That may be done again and again.
 * 4. The mark of the new place is taken away: it is the pool now.
 * 5. The old one is marked `left`, and only tells where the pool is.
 *
 * Each step is one decision, and can be made again: whoever finds a move half done goes on with it.
 */

/** Both ends of a move, as people know them. */
export interface Places {
  readonly from: string
  readonly to: string
}

/** Who moves a pool, and what is known of the world. */
export interface Mover {
  readonly by: Holder
  readonly sightings: Sightings
  readonly now: number
}

/**
 * Step 1. A place from which a pool has once left, or that the same move has begun to fill, counts as empty.
 *
 * @param newId names the move, unless it has begun before
 * @returns the id of the move
 * @throws {CannotMoveError} when there is a pool
 */
export function prepare(
  target: Pool | null,
  source: Pool,
  { from, to }: Places,
  newId: string,
): Decision<string> {
  const found = target?.move ?? null
  if (target && (!found || found.state === 'leaving'))
    throw new CannotMoveError({ kind: 'in-the-way', place: to })
  if (found?.state === 'arriving') {
    if (found.other !== from) throw new CannotMoveError({ kind: 'in-the-way', place: to })
    return { changes: [], result: found.id }
  }
  const id = source.move?.id ?? newId
  return {
    changes: [
      { kind: 'initialize', provider: source.provider, gpuCount: source.gpus.length },
      { kind: 'move', move: { id, state: 'arriving', other: from } },
    ],
    result: id,
  }
}

/**
 * Step 2.
 *
 * @param id of the move
 * @returns the pool as it is to arrive
 * @throws {CannotMoveError} while somebody waits, who would lose their place; or while somebody runs what cannot be seen
 *   from here or belongs to another than the mover, so that nobody could keep it at the new place
 * @throws {PoolMovedError} when it moves, or has moved, to yet another place
 */
export function leave(
  source: Pool | null,
  to: string,
  id: string,
  { by, sightings, now }: Mover,
): Decision<Pool> {
  if (!source) throw new PoolNotInitializedError(null, null)
  const move: Move = { id, state: 'leaving', other: to }
  if (source.move) {
    if (source.move.state !== 'leaving' || source.move.other !== to) throw new PoolMovedError(source.move)
    return { changes: source.move.id === id ? [] : [{ kind: 'move', move }], result: { ...source, move } }
  }
  const { pool, changes } = settle(source, sightings, now)
  if (pool.queue.length > 0) throw new CannotMoveError({ kind: 'line', waiting: pool.queue.length })
  for (const run of runsIn(pool)) {
    if (sightings.get(run.id) !== 'alive') throw new CannotMoveError({ kind: 'unseen-run', run })
    if (by.uid !== 0 && run.holder.uid !== by.uid) throw new CannotMoveError({ kind: 'others-run', run })
  }
  return {
    changes: [...changes, loggedAct('moved', by, now, { note: `to ${to}` }), { kind: 'move', move }],
    result: { ...pool, move },
  }
}

/** Step 3. @throws {CannotMoveError} when somebody else has ended this move */
export function fill(target: Pool | null, id: string, pool: Pool): Decision<void> {
  const move = arriving(target, id)
  return { changes: [...changesToMake(pool), { kind: 'move', move }], result: undefined }
}

/** More of step 3: history, a part at a time. @throws {CannotMoveError} when somebody else has ended this move */
export function bring(target: Pool | null, id: string, changes: readonly Change[]): Decision<void> {
  arriving(target, id)
  return { changes, result: undefined }
}

/** Step 4. @throws {CannotMoveError} when somebody else has ended this move */
export function arrive(
  target: Pool | null,
  id: string,
  { by, now }: Pick<Mover, 'by' | 'now'>,
): Decision<void> {
  const { other } = arriving(target, id)
  return {
    changes: [{ kind: 'move', move: null }, loggedAct('moved', by, now, { note: `from ${other}` })],
    result: undefined,
  }
}

/** The way back before step 4, in the new place: whoever comes across it is told where the pool has been all the time. */
export function giveUp(target: Pool | null, from: string): Decision<void> {
  const move = target?.move
  const isOurs = move?.state === 'arriving' && move.other === from
  return { changes: isOurs ? [{ kind: 'move', move: { ...move, state: 'left' } }] : [], result: undefined }
}

/** The same in the old one, which must come after it: the pool stays. */
export function stay(source: Pool | null, to: string): Decision<boolean> {
  const isLeaving = source?.move?.state === 'leaving' && source.move.other === to
  return { changes: isLeaving ? [{ kind: 'move', move: null }] : [], result: isLeaving }
}

/** Step 5. */
export function left(source: Pool | null): Decision<void> {
  const move = source?.move
  const isLeaving = move?.state === 'leaving'
  return { changes: isLeaving ? [{ kind: 'move', move: { ...move, state: 'left' } }] : [], result: undefined }
}

/** Whether only step 5 is missing: the new place is at work. */
export function hasArrived(target: Pool | null, source: Pool, to: string): boolean {
  return (
    source.move?.state === 'leaving' && source.move.other === to && target !== null && target.move === null
  )
}

/** The runs whose keepers have to know of the new place. */
export function runsIn({ reservations }: Pool): RunReservation[] {
  return reservations.filter(reservation => reservation.type === 'run')
}

/** The changes that make a pool out of nothing, but for its move. */
export function changesToMake({ provider, gpus, reservations, queue, observedAt }: Pool): Change[] {
  return [
    { kind: 'initialize', provider, gpuCount: gpus.length },
    ...gpus.flatMap((gpu): Change[] => [
      ...(gpu.lastReleasedAt === null ? [] : released(gpu, gpu.lastReleasedAt)),
      ...(gpu.drain ? [{ kind: 'drain', index: gpu.index, drain: gpu.drain } as const] : []),
    ]),
    ...(observedAt === null ? [] : [{ kind: 'observe', at: observedAt, gpus, reservations: [] } as const]),
    ...reservations.map(reservation => ({ kind: 'add', reservation }) as const),
    ...queue.map(entry => ({ kind: 'enqueue', entry }) as const),
  ]
}

/** Who had a GPU last is what a reservation leaves behind. A uid that nobody knows any more is nobody's. */
function released({ index, lastHolderUid, lastReservationId }: Gpu, releasedAt: number): Change[] {
  const id = lastReservationId ?? `before-${index}`
  const holder = { uid: lastHolderUid ?? -1, userName: 'nobody' }
  const times = {
    reservedAt: releasedAt,
    expiresAt: releasedAt,
    waitedMs: 0,
    unusedGpuMs: 0,
    idleWarnedAt: null,
  }
  return [
    {
      kind: 'add',
      reservation: { id, type: 'manual', holder, alias: null, note: null, gpus: [index], ...times },
    },
    { kind: 'remove', id, releasedAt },
  ]
}

function arriving(target: Pool | null, id: string): Move {
  const move = target?.move
  if (move?.state !== 'arriving' || move.id !== id) throw new CannotMoveError({ kind: 'changed' })
  return move
}
