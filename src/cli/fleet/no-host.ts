import { NoHostHasGpusError } from '../../core/errors.ts'
import { couldGive, type HostView } from '../../core/host-view.ts'

/** Says that no host could give so many GPUs, and which one could give the most. */
export function noHost(views: readonly HostView[], requested: number): NoHostHasGpusError {
  const most = views
    .map(view => ({ host: view.host, available: couldGive(view, true) }))
    .reduce((best, one) => (one.available > best.available ? one : best), { host: '', available: 0 })
  const largest = Math.max(0, ...views.map(({ summary }) => summary.gpus))
  return new NoHostHasGpusError(requested, most.available > 0 ? most : null, largest)
}
