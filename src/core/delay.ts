import type { GpuAvailability } from './allocate.ts'
import { knownEnd, type QueueEntry } from './pool.ts'
import { canUse } from './queue.ts'

/**
 * The requests that wait and could start later when some GPUs come to their end later than is known now.
 *
 * A request starts when as many of the GPUs that it can use are free as it wants, besides those that the requests before it
 * take. GPUs without a known end may come free at any moment or never, and requests before it may be quick or not: one that
 * could be delayed in any of these cases counts as delayed. So what this lets pass provably delays nobody.
 *
 * @param gpus the pool with its availability now; usage does not matter
 * @param laterEnds the new end of each GPU that is kept longer, by index
 */
export function delayedRequests(
  gpus: readonly GpuAvailability[],
  laterEnds: ReadonlyMap<number, number>,
  queue: readonly QueueEntry[],
): QueueEntry[] {
  const kept = gpus.filter(({ gpu, availability: { state } }) => !gpu.drain && state !== 'drained')
  const ends = kept.map(({ gpu, availability }) => {
    const before = availability.state === 'reserved' ? knownEnd(availability.reservation) : null
    return { gpu, before, after: laterEnds.get(gpu.index) ?? before }
  })
  return queue.filter(({ wanted }, place) => {
    const usable = ends.filter(({ gpu }) => canUse(wanted, gpu))
    const takenAhead = queue
      .slice(0, place)
      .map(ahead =>
        Math.min(ahead.wanted.count, usable.filter(({ gpu }) => canUse(ahead.wanted, gpu)).length),
      )
      .reduce((sum, count) => sum + count, 0)
    return usable.length >= wanted.count && couldBeDelayed(usable, wanted.count, takenAhead)
  })
}

/**
 * Whether there is an instant at which enough GPUs would have been free and now are not. Of the GPUs without a known end any
 * number may be free then, and the requests before may have taken any number up to `takenAhead`.
 */
function couldBeDelayed(
  ends: readonly { readonly before: number | null; readonly after: number | null }[],
  count: number,
  takenAhead: number,
): boolean {
  const unknown = ends.filter(({ before }) => before === null).length
  const instants = ends.flatMap(({ before, after }) => [before, after]).filter(at => at !== null)
  return instants.some(at => {
    const freeBefore = ends.filter(({ before }) => before !== null && before <= at).length
    const freeAfter = ends.filter(({ after }) => after !== null && after <= at).length
    // How many of the GPUs with a known end must be free to start: one of these numbers.
    const [least, most] = [count - unknown, count + takenAhead]
    return Math.max(freeAfter + 1, least) <= Math.min(freeBefore, most)
  })
}
