import { findHosts } from '../../core/host-view.ts'
import type { Context } from '../command.ts'
import { plainLine } from '../output/colour.ts'
import { ageNote, hostLine } from '../output/host-line.ts'
import { noHost } from './no-host.ts'
import { viewFleet } from './open-fleet.ts'
import { ownHost } from './own-host.ts'
import { sshName } from './remote-run.ts'

/**
 * Shows the hosts that could give so many GPUs now, best first, and what to type for the best.
 *
 * @throws {NoHostHasGpusError}
 */
export async function showOffers(
  context: Context,
  { count, json }: { count: number; json: boolean },
): Promise<void> {
  const views = await viewFleet(context)
  const own = ownHost(context)
  const offers = findHosts(views, count, own)
  const [best] = offers
  if (!best) throw noHost(views, count)
  const commandOn = (host: string) => [
    ...(host === own ? [] : ['ssh', sshName(host)]),
    ...['canhazgpu', 'run', '--gpus', String(count), '--'],
  ]
  if (json) {
    const { findDocument } = await import('../output/json/fleet.ts')
    return void context.print(findDocument(offers, { count, commandOn, now: context.now() }))
  }
  context.printColoured(
    ...offers.map(({ view }) =>
      hostLine(view, view.probedAgoMs === null ? '' : ` [validated${ageNote(view)}]`),
    ),
    plainLine(`${commandOn(best.view.host).join(' ')} COMMAND`),
  )
}
