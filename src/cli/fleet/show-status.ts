import { UsageError } from '../../core/errors.ts'
import type { HostView } from '../../core/host-view.ts'
import type { Context } from '../command.ts'
import type { ColouredLine } from '../output/colour.ts'
import { ageNote, hostLine } from '../output/host-line.ts'
import { linesOf } from '../output/status-lines.ts'
import { hostNamed, ownersOn, viewFleet } from './open-fleet.ts'
import { ownHost } from './own-host.ts'

/** What `status` is asked for. */
interface Asked {
  readonly all: boolean
  readonly wide: boolean
  readonly summary: boolean
  readonly json: boolean
  readonly isWatched: boolean
}

/**
 * Shows all hosts, or the one that `--host` names.
 *
 * @returns false when that is the host on which this runs, whose status is shown as always
 */
export async function showHosts(
  context: Context,
  { wide, summary, json, isWatched, ...asked }: Asked,
): Promise<boolean> {
  const own = ownHost(context)
  const { given } = context.origins
  const typed = given.get('host')
  if (typed && asked.all && given.has('all'))
    throw new UsageError('--all and --host do not go together. Use one of the two')
  // One that is typed puts aside what is set for other days.
  const all = asked.all && !typed
  const named = typed ?? own
  if (!all && named === own) return false
  if (isWatched)
    throw new UsageError('--watch shows the host on which it runs. Use it there, or leave it out')
  const views = await viewFleet(context)
  if (!all) {
    const view = hostNamed(views, named)
    if (json) {
      const { hostDocument } = await import('../output/json/fleet.ts')
      context.print(hostDocument(view, ownersOn(view)))
    } else context.printColoured(...hostLines(view, { wide, summary }))
    return true
  }
  if (json) {
    const { fleetDocument } = await import('../output/json/fleet.ts')
    context.print(fleetDocument(views, ownersOn, context.now()))
  } else if (views.length === 0) context.print('No host has a pool yet')
  else {
    context.printColoured(...views.flatMap(view => hostLines(view, { wide, summary })))
  }
  return true
}

/** A line for a host, and unless that is enough, one for each of its GPUs. */
function hostLines(view: HostView, { wide, summary }: Pick<Asked, 'wide' | 'summary'>): ColouredLine[] {
  if (summary) return [hostLine(view)]
  const { statuses, facts } = view
  // What somebody over there has asked for is not for everybody's lines.
  const shown = wide ? facts : { ...facts, usage: null }
  return [hostLine(view), ...linesOf(statuses, shown, ownersOn(view), ageNote(view))]
}
