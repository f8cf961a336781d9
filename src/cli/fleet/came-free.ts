import { viewHost } from '../../core/host-view.ts'
import type { Fleet } from '../../store/store.ts'

/** Whether GPUs of this host have come free since somebody has last looked, so that others do not know of them as free. */
export async function haveComeFree(fleet: Fleet): Promise<boolean> {
  const own = (await fleet.hosts()).find(({ host }) => host === fleet.host)
  if (!own?.probed) return own !== undefined
  const { facts } = viewHost(own, 0)
  return (facts.usage?.poolThen?.reserved.size ?? 0) > 0
}
