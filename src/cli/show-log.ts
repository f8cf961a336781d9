import { MINUTE_MS } from '../core/duration.ts'
import { knownEnd } from '../core/pool.ts'
import type { NumberedEvent } from '../store/store.ts'
import { isTerminal } from '../system/libc/terminal-modes.ts'
import { readerIsGone } from '../system/libc/waiting.ts'
import type { Context } from './command.ts'
import { initialized } from './context.ts'
import { eventDocument } from './output/json/event.ts'
import { eventLine } from './output/log-line.ts'
import { livingPids, writeDownEndings } from './write-down-endings.ts'

const STDOUT = 1

/** The kernel tells nobody that the reader of a pipe has gone, so this often it is asked. */
const READER_INTERVAL_MS = 1000

/** What an idle follower looks at all the same, should it ever have missed something. */
const SAFETY_INTERVAL_MS = MINUTE_MS

/** More than can happen between two looks. */
const ALL_NEW = 100_000

/** Prints the last events; with `follow` goes on until its reader goes away, or a signal ends it. */
export async function showLog(
  context: Context,
  { follow, lines, json }: { follow: boolean; lines: number; json: boolean },
): Promise<void> {
  const { store } = await context.openPool('read')
  // Opened first, so that nothing that happens after the first look is missed.
  const listener = await store.listen()
  const show = (events: readonly NumberedEvent[]) =>
    context.print(...events.map(event => (json ? eventDocument(event) : eventLine(event.event))))

  await writeDownEndings(context, store)
  // One at least, to know where to go on.
  const last = await store.events({ after: 0, limit: Math.max(1, lines) })
  let number = last.at(-1)?.number ?? 0
  if (lines > 0) show(last)
  while (follow && !readerIsGone(STDOUT)) {
    const pool = initialized(await store.read())
    const now = context.now()
    const nextEnd = Math.min(
      ...pool.reservations.map(held => knownEnd(held) ?? Infinity).filter(end => end > now),
    )
    const interval = isTerminal(STDOUT) ? SAFETY_INTERVAL_MS : READER_INTERVAL_MS
    const something = await listener.wait(livingPids(pool), Math.min(interval, nextEnd - now))
    if (!something && context.now() < nextEnd) continue
    await writeDownEndings(context, store)
    const events = await store.events({ after: number, limit: ALL_NEW })
    number = events.at(-1)?.number ?? number
    show(events)
  }
}
