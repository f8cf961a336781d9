import type { Context } from '../command.ts'
import { hostEventDocument } from '../output/json/event.ts'
import { eventLine } from '../output/log-line.ts'
import { openFleet } from './open-fleet.ts'

/** Prints the last events of all hosts; each tells the time by the clock of its own. */
export async function showLogs(
  context: Context,
  { lines, json }: { lines: number; json: boolean },
): Promise<void> {
  const fleet = await openFleet(context)
  const events = lines > 0 ? await fleet.events(lines) : []
  const width = Math.max(...events.map(({ host }) => host.length))
  context.print(
    ...events.map(event =>
      json ? hostEventDocument(event) : eventLine(event.event, event.host.padEnd(width)),
    ),
  )
}
