import type { Administered, Wish } from '../../core/administer.ts'
import { gpuList } from '../../core/gpu-list.ts'
import { displayName } from '../../core/pool.ts'

/** What `admin` has done, line by line. */
export function adminLines(done: Administered, wish: Wish): string[] {
  return [
    ...sizeLines(done.size, wish.gpuCount ?? 0),
    ...drainLines('Drained', wish.drain, done.drained),
    ...drainLines('Undrained', wish.undrain, done.undrained),
  ]
}

function sizeLines(size: Administered['size'], gpuCount: number): string[] {
  const gpus = `${gpuCount} GPUs (IDs 0 to ${gpuCount - 1})`
  switch (size?.kind) {
    case 'initialized':
      return [
        `Initialized ${gpus}`,
        ...(size.putBack > 0
          ? [`Put back ${size.putBack} running reservation(s) that the store had lost`]
          : []),
      ]
    case 'reinitialized':
      return [`Cleared ${size.cleared} reservation(s)`, `Reinitialized ${gpus}`]
    case 'resized':
      return [`Resized from ${size.from} to ${gpus}`]
    case undefined:
      return []
  }
}

function drainLines(
  word: 'Drained' | 'Undrained',
  wanted: readonly number[],
  changed: readonly number[],
): string[] {
  const unchanged = wanted.filter(index => !changed.includes(index))
  return [
    ...(changed.length > 0 ? [`${word} ${changed.length} GPU(s): ${gpuList(changed)}`] : []),
    ...(unchanged.length > 0
      ? [`${word === 'Drained' ? 'Drained already' : 'Not drained'}: ${gpuList(unchanged)}`]
      : []),
  ]
}

/** What an administrator should know besides. */
export function adminNotices({ size, drained, held }: Administered, { provider }: Wish): string[] {
  const hopeless = size?.kind === 'resized' ? size.hopeless.length : 0
  return [
    ...(provider === 'fake' && (size?.kind === 'initialized' || size?.kind === 'reinitialized')
      ? ['The GPUs are simulated (--provider fake)']
      : []),
    ...(hopeless > 0 ? [`${hopeless} waiting request(s) ask for more than that, and are refused now`] : []),
    ...held.map(reservation => {
      const gpus = reservation.gpus.filter(index => drained.includes(index))
      return `GPU(s) ${gpuList(gpus)} stay reserved by ${displayName(reservation)} (${reservation.type}) until that ends`
    }),
  ]
}
