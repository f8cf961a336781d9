import type { Context } from '../command.ts'
import { hostEventDocument } from '../output/json/event.ts'
import { eventLine } from '../output/log-line.ts'
import { hostsOf, openFleet } from './open-fleet.ts'

/** Prints the last events of all hosts; each tells the time by the clock of its own. */
export async function showLogs(
  context: Context,
  { lines, json }: { lines: number; json: boolean },
): Promise<void> {
  const fleet = await openFleet(context)
  // What has moved away with a pool is told where the pool is now.
  const hosts = (await hostsOf(fleet)).map(({ host }) => host)
  const events = lines > 0 ? await fleet.events(hosts, lines) : []
  const width = Math.max(...events.map(({ host }) => host.length))
  context.print(
    ...events.map(event =>
      json ? hostEventDocument(event) : eventLine(event.event, event.host.padEnd(width)),
    ),
  )
}
