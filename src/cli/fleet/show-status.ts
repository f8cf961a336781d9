import { UsageError } from '../../core/errors.ts'
import type { Context } from '../command.ts'
import { hostLine, validatedNote } from '../output/host-line.ts'
import { linesOf } from '../output/status-lines.ts'
import { hostNamed, ownersOn, viewFleet } from './open-fleet.ts'
import { ownHost } from './own-host.ts'

/** What `status` is asked for. */
interface Asked {
  readonly all: boolean
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
  { all, summary, json, isWatched }: Asked,
): Promise<boolean> {
  const own = ownHost(context)
  const named = context.origins.given.get('host') ?? own
  if (!all && named === own) return false
  if (isWatched)
    throw new UsageError('--watch shows the host on which it runs. Use it there, or leave it out')
  const views = await viewFleet(context)
  if (!all) {
    const view = hostNamed(views, named)
    if (json) {
      const { hostDocument } = await import('../output/json/fleet.ts')
      context.print(hostDocument(view, ownersOn(view)))
    } else if (summary) context.printColoured(hostLine(view))
    else
      context.printColoured(
        hostLine(view),
        ...linesOf(view.statuses, view.facts, ownersOn(view), validatedNote(view)),
      )
    return true
  }
  if (json) {
    const { fleetDocument } = await import('../output/json/fleet.ts')
    context.print(fleetDocument(views, ownersOn, context.now()))
  } else if (views.length === 0) context.print('No host has a pool yet')
  else {
    context.printColoured(
      ...views.flatMap(view => [
        hostLine(view),
        ...(summary ? [] : linesOf(view.statuses, view.facts, ownersOn(view), validatedNote(view))),
      ]),
    )
  }
  return true
}
