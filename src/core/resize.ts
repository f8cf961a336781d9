import type { Decision } from './changes.ts'
import { GpusHeldError } from './errors.ts'
import { loggedAct } from './history.ts'
import type { Holder, Pool, QueueEntry } from './pool.ts'

/**
 * Adds GPUs at the end of a pool, or takes those at its end away; everything else stays as it is. Requests that wait for more
 * than there will be are refused when they look again.
 *
 * @param pool a settled one
 * @returns how many GPUs it had, and the requests that ask for more than it will have
 * @throws {GpusHeldError} when somebody holds a GPU that would go away
 */
export function resize(
  pool: Pool,
  { gpuCount, by }: { gpuCount: number; by: Holder },
  now: number,
): Decision<{ from: number; hopeless: QueueEntry[] }> {
  const from = pool.gpus.length
  const held = pool.reservations.filter(({ gpus }) => gpus.some(index => index >= gpuCount))
  if (held.length > 0) throw new GpusHeldError(gpuCount, held)
  const [least, most] = [Math.min(from, gpuCount), Math.max(from, gpuCount)]
  const gpus = Array.from({ length: most - least }, (_, place) => least + place)
  return {
    changes: [
      { kind: 'resize', gpuCount },
      loggedAct('resized', by, now, { gpus, note: `from ${from} to ${gpuCount} GPUs` }),
    ],
    result: {
      from,
      hopeless: pool.queue.filter(
        ({ wanted: { count, gpuIds } }) => count > gpuCount || gpuIds?.some(id => id >= gpuCount),
      ),
    },
  }
}
