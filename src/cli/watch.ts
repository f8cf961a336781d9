import { UsageError, UserError } from '../core/errors.ts'
import { dieBy, stopBy } from '../system/libc/processes.ts'
import { isTerminal } from '../system/libc/terminal-modes.ts'
import { processOwner } from '../system/user-name.ts'
import type { Context } from './command.ts'
import { leaveSeen, lookAt } from './look.ts'
import { type ColouredLine, plainLine, takesColour, takesSequences } from './output/colour.ts'
import { localClock } from './output/local-clock.ts'
import { Screen } from './output/screen.ts'
import { statusLines } from './output/status-lines.ts'
import { poolSummaryLine } from './output/summary-line.ts'

const [STDIN, STDOUT] = [0, 1]

/** The signals that end a program which does not catch them, and their numbers. */
const ENDING = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const
const SIGTSTP = 20

export interface Watching {
  readonly intervalMs: number
  readonly wide: boolean
}

/**
 * Shows the status until somebody presses `q`. However it ends, the terminal is as it was before; by a signal it dies of
 * that signal then, as if it had never caught it.
 *
 * @throws {UserError} when there is no terminal, or no pool to begin with; what goes wrong later is shown
 */
export async function watchStatus(context: Context, watching: Watching): Promise<number> {
  if (!isTerminal(STDIN) || !takesSequences(STDOUT, process.env)) {
    throw new UsageError("--watch needs a terminal. Use 'canhazgpu status', or --json for programs")
  }
  const { store } = await context.openPool('read')
  store.close()

  const screen = new Screen()
  const leaving = new AbortController()
  let lines: readonly ColouredLine[] = [plainLine('Asking the GPU tool ...')]
  try {
    const left = new Promise<number | null>(resolve => listen(resolve))
    process.on('SIGWINCH', () => screen.draw(lines))
    suspendable(screen, () => screen.draw(lines))
    screen.open()
    screen.draw(lines)
    const looking = async () => {
      for (;;) {
        const seen = await picture(context, watching, leaving.signal)
        if (leaving.signal.aborted) return null
        lines = seen
        screen.draw(lines)
        await new Promise(resolve => setTimeout(resolve, watching.intervalMs))
      }
    }
    const signal = await Promise.race([left, looking()])
    if (signal === null) return 0
    screen.close()
    leaving.abort()
    dieBy(signal)
    return 128 + signal
  } finally {
    screen.close()
    // A tool that hangs must not stay behind.
    leaving.abort()
  }
}

/** Waits for the wish to leave. @param leave called with the signal that says so, null for a key */
function listen(leave: (signal: number | null) => void): void {
  for (const [name, number] of Object.entries(ENDING)) process.on(name, () => leave(number))
  process.stdin.on('data', keys => {
    if (/q/i.test(String(keys))) leave(null)
  })
  // A terminal that has gone away.
  process.stdin.on('end', () => leave(ENDING.SIGHUP))
  process.stdin.on('error', () => leave(ENDING.SIGHUP))
}

/** Ctrl-Z: the shell gets its terminal as it was, and `fg` shows the picture again. */
function suspendable(screen: Screen, redraw: () => void): void {
  const goOn = () => {
    screen.open()
    redraw()
  }
  const suspend = () => {
    process.off('SIGTSTP', suspend)
    screen.close()
    // Not SIGSTOP: where there is no shell to go on (`ssh -t host canhazgpu …`), the kernel does not let this one stop us.
    stopBy(SIGTSTP)
    process.on('SIGTSTP', suspend)
    goOn()
  }
  process.on('SIGTSTP', suspend)
  process.on('SIGCONT', goOn)
}

/** What the screen shows: the pool in one line, what the tool complains of, and every GPU. */
async function picture(
  context: Context,
  { intervalMs, wide }: Watching,
  abandoned: AbortSignal,
): Promise<ColouredLine[]> {
  const warnings: string[] = []
  const heading = (text: string) =>
    plainLine(`${localClock(context.now())}, every ${intervalMs / 1000}s, q leaves: ${text}`)
  try {
    const opened = await context.openProbedPool('read', { details: wide, abandoned })
    try {
      const noting = { ...context, notice: (...lines: string[]) => void warnings.push(...lines) }
      const seen = await lookAt(opened, noting)
      const { pool, facts } = seen
      const hasColour = takesColour(STDOUT, process.env)
      const lines = [
        heading(poolSummaryLine(pool, facts)),
        ...warnings.map(plainLine),
        ...statusLines(pool, facts, processOwner).map(line => (hasColour ? line : plainLine(line.text))),
      ]
      await leaveSeen(seen)
      return lines
    } finally {
      opened.store.close()
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return [heading(`Error: ${error.message}`)]
  }
}
