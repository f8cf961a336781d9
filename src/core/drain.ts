import type { Decision } from './changes.ts'
import { NoSuchGpuError } from './errors.ts'
import { loggedAct } from './history.ts'
import type { Gpu, Holder, Pool, Reservation } from './pool.ts'

/** Which GPUs are to be kept from being handed out, and which no longer. */
export interface Drains {
  readonly drain: readonly number[]
  readonly undrain: readonly number[]
  /** Why, for people; null where nobody has said. */
  readonly note: string | null
  readonly by: Holder
}

export interface Drained {
  /** Ascending. Those that were as wanted before are not among them. */
  readonly drained: readonly number[]
  readonly undrained: readonly number[]
  /** Who keeps a GPU that was drained: it stays with its holder, and is not handed out after. */
  readonly held: readonly Reservation[]
}

/**
 * Keeps GPUs from being handed out, or ends that. One that is drained already keeps its date and its reason, unless there is
 * a new reason.
 *
 * @param pool a settled one
 * @throws {NoSuchGpuError} before anything is changed
 */
export function setDrains(pool: Pool, { drain, undrain, note, by }: Drains, now: number): Decision<Drained> {
  const gpus = new Map(pool.gpus.map(gpu => [gpu.index, gpu]))
  const missing = [...drain, ...undrain].find(index => !gpus.has(index))
  if (missing !== undefined) throw new NoSuchGpuError(missing, pool.gpus.length)

  const isNew = ({ drain: before }: Gpu) => before === null || (note !== null && note !== before.note)
  const changed = (indices: readonly number[], differs: (gpu: Gpu) => boolean) =>
    pool.gpus.filter(gpu => indices.includes(gpu.index) && differs(gpu)).map(({ index }) => index)
  const drained = changed(drain, isNew)
  const undrained = changed(undrain, ({ drain: before }) => before !== null)
  return {
    changes: [
      ...drained.map(index => ({ kind: 'drain', index, drain: { at: now, by, note } }) as const),
      ...undrained.map(index => ({ kind: 'drain', index, drain: null }) as const),
      ...(drained.length > 0 ? [loggedAct('drained', by, now, { gpus: drained, note })] : []),
      ...(undrained.length > 0 ? [loggedAct('undrained', by, now, { gpus: undrained })] : []),
    ],
    result: {
      drained,
      undrained,
      held: pool.reservations.filter(reservation => reservation.gpus.some(index => drained.includes(index))),
    },
  }
}
