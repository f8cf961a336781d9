import { applyChanges, type Change, type Decision } from './changes.ts'
import { type Drained, type Drains, setDrains } from './drain.ts'
import {
  type AdministratorsAct,
  NotAdministratorError,
  PoolMovedError,
  PoolNotInitializedError,
} from './errors.ts'
import { type Sightings, settle } from './expire.ts'
import { initialize } from './initialize.ts'
import type { Holder, Pool, Provider, QueueEntry, RunReservation } from './pool.ts'
import { resize } from './resize.ts'
import { putBack } from './restore.ts'

/** What an administrator wants a pool to be. */
export interface Wish extends Omit<Drains, 'by'> {
  /** How many GPUs it is to have, null to leave that as it is. */
  readonly gpuCount: number | null
  readonly provider: Provider
  /** Whether to start over, and so to clear every reservation. */
  readonly force: boolean
}

/** Who wants it, and who may change a pool that is there. */
export interface Authority {
  readonly by: Holder
  readonly path: string
  /** Null where the store has an access control of its own. */
  readonly administrator: Holder | null
}

export interface Administered extends Drained {
  /** What became of the pool's size; null when it stays. */
  readonly size:
    | { readonly kind: 'initialized'; readonly putBack: number }
    | { readonly kind: 'reinitialized'; readonly cleared: number }
    | { readonly kind: 'resized'; readonly from: number; readonly hopeless: readonly QueueEntry[] }
    | null
}

/**
 * Makes a pool, or changes the one that is there, all in one step: first its size, then what is drained.
 *
 * @param lost what runs on the host although no pool knows of it: a store has lost it. It is put back into a pool that
 *   was not there, unless an administrator wants to start over
 * @throws {PoolAlreadyInitializedError} when there is a pool of this size, or of another provider, and nothing else to do
 * @throws {NotAdministratorError} when there is a pool, and it is another's
 * @throws {PoolMovedError} when it is elsewhere: started over here, both places would hand out the same GPUs
 */
export function administer(
  pool: Pool | null,
  wish: Wish,
  { by, path, administrator }: Authority,
  { sightings, now, lost = [] }: { sightings: Sightings; now: number; lost?: readonly RunReservation[] },
): Decision<Administered> {
  if (pool?.move) throw new PoolMovedError(pool.move)
  const settled = pool ? settle(pool, sightings, now) : null
  const administratorsAct = pool && administratorsActIn(pool, wish)
  const isAllowed = by.uid === 0 || administrator === null || administrator.uid === by.uid
  if (administratorsAct && !isAllowed)
    throw new NotAdministratorError(path, administrator.userName, administratorsAct)

  const sized = changeSize(settled?.pool ?? null, wish, { by, now, lost })
  const before = [...(settled?.changes ?? []), ...sized.changes]
  const current = applyChanges(pool, before)
  if (!current) throw new PoolNotInitializedError(null, null)
  const drains = setDrains(current, { ...wish, by }, now)
  return { changes: [...before, ...drains.changes], result: { size: sized.result, ...drains.result } }
}

/** The first of the acts that a wish comes to which are not for everybody; null when it only asks for what is refused anyway. */
function administratorsActIn(
  pool: Pool,
  { gpuCount, force, provider, drain, undrain }: Wish,
): AdministratorsAct | null {
  if (gpuCount !== null && force) return 'reinitialize'
  if (gpuCount !== null && gpuCount !== pool.gpus.length && provider === pool.provider) return 'resize'
  if (drain.length > 0) return 'drain GPUs of'
  return undrain.length > 0 ? 'undrain GPUs of' : null
}

function changeSize(
  pool: Pool | null,
  { gpuCount, provider, force, drain, undrain }: Wish,
  { by, now, lost }: { by: Holder; now: number; lost: readonly RunReservation[] },
): { changes: readonly Change[]; result: Administered['size'] } {
  if (gpuCount === null) return { changes: [], result: null }
  if (pool && !force && provider === pool.provider) {
    if (gpuCount !== pool.gpus.length) {
      const { changes, result } = resize(pool, { gpuCount, by }, now)
      return { changes, result: { kind: 'resized', ...result } }
    }
    if (drain.length + undrain.length > 0) return { changes: [], result: null }
  }
  const { changes, result } = initialize(pool, { provider, gpuCount, force, by }, now)
  if (result.cleared !== null) return { changes, result: { kind: 'reinitialized', cleared: result.cleared } }
  const made = applyChanges(null, changes)
  const restored = made && !force ? putBack(made, lost, now) : []
  const count = restored.filter(({ kind }) => kind === 'add').length
  return { changes: [...changes, ...restored], result: { kind: 'initialized', putBack: count } }
}
