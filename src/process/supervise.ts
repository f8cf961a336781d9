import { close, openForReading, readText } from '../system/libc/files.ts'
import { keepOnExec } from '../system/libc/inheritance.ts'
import {
  type ChildChange,
  changeOf,
  dieWithParent,
  foregroundGroup,
  giveTerminal,
  neverDumpCore,
  openPipe,
  ownGroup,
  signalGroup,
  signalProcess,
  spawnGroup,
  takeDefault,
} from '../system/libc/job-control.ts'
import { cstring } from '../system/libc/library.ts'
import { isReadable } from '../system/libc/waiting.ts'
import { allClosed } from '../system/spawn.ts'
import type { Caller } from './caller.ts'
import { SUPERVISED } from './hidden-words.ts'
import { restoreInherited } from './inherited.ts'

/** The exit status of a command that took too long; timeout(1). */
const TIMED_OUT = 124

const SIGNALS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
  SIGTSTP: 20,
} as const
const SIGKILL = 9
const SIGCONT = 18
const SIGSTOP = 19

/** setTimeout takes no more: 24.8 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Runs this program again as a job of its own, without a time limit, and ends that job when its command has taken too long:
 * SIGTERM to its process group, and after the grace SIGKILL. What reaches this process is handed on, job control
 * included: the job has the terminal when this process had it, and both stop and go on together. The job dies when this
 * process is killed.
 *
 * @returns the command's exit status, or 124 when its time was over; a command that died by a signal takes this process
 *   with it by the same signal
 */
export async function supervise(
  { timeoutMs, graceMs }: { timeoutMs: number; graceMs: number },
  { args, env }: Caller,
  descriptors: readonly number[],
): Promise<number> {
  const terminal = openForReading('/dev/tty')
  const hasTerminal = () => terminal >= 0 && foregroundGroup(terminal) === ownGroup()
  const ready = openPipe()
  restoreInherited(descriptors)
  keepOnExec(ready.writeEnd)
  const orders = [
    SUPERVISED,
    String(process.pid),
    String(ready.writeEnd),
    hasTerminal() ? 'foreground' : 'background',
  ]
  const argv = [process.execPath, ...orders].map(cstring)
  const job = spawnGroup(cstring(process.execPath), [...argv, ...args.map(cstring)], env.map(cstring))
  if (job <= 0) throw new Error(`cannot start ${process.execPath}: error ${-job}`)
  close(ready.writeEnd)

  let timedOut = false
  let endsAt = Infinity
  const timeIsOver = () => {
    timedOut = true
    signalGroup(job, SIGNALS.SIGTERM)
    // A job that is stopped could not end.
    signalGroup(job, SIGCONT)
    after(graceMs, () => signalGroup(job, SIGKILL))
  }
  // The pipe closes when the job becomes the command: the time in the line does not count.
  const commandStarts = () => {
    if (endsAt !== Infinity) return
    endsAt = performance.now() + timeoutMs
    after(timeoutMs, timeIsOver)
  }
  allClosed(ready.readEnd).then(commandStarts)

  for (const [name, signal] of Object.entries(SIGNALS)) {
    if (!isIgnored(signal)) process.on(name, () => signalGroup(job, signal))
  }
  process.on('SIGCONT', () => {
    if (hasTerminal()) giveTerminal(terminal, job)
    signalGroup(job, SIGCONT)
  })

  const end = await new Promise<ChildChange>(resolve => {
    const look = () => {
      const change = changeOf(job)
      if (!change) return
      if (isReadable(ready.readEnd)) commandStarts()
      const hadTerminal = terminal >= 0 && foregroundGroup(terminal) === job
      if (hadTerminal) giveTerminal(terminal, ownGroup())
      if (change.kind !== 'stopped') resolve(change)
      // Ctrl-Z would have stopped the whole group, a pipeline behind us too; anything else only the command.
      else if (hadTerminal && change.signal !== SIGSTOP) signalGroup(ownGroup(), SIGSTOP)
      else signalProcess(process.pid, SIGSTOP)
    }
    process.on('SIGCHLD', look)
    // It may have ended before anybody listened; and something has to keep the runtime's event loop from ending.
    setInterval(look, 1000)
    look()
  })
  // While this process was stopped, only the keeper could see to it.
  if (timedOut || performance.now() >= endsAt) return TIMED_OUT
  if (end.kind === 'exited') return end.status
  return end.kind === 'killed' ? dieBy(end.signal) : 1
}

/** Makes this process the job that `supervise` has ordered. @returns the descriptor that tells the supervisor of exec */
export function beSupervised([parent, ready, place]: readonly string[]): number {
  dieWithParent()
  // Killed in between, it could not be told any more.
  if (process.ppid !== Number(parent)) signalProcess(process.pid, SIGKILL)
  if (place === 'foreground') {
    const terminal = openForReading('/dev/tty')
    giveTerminal(terminal, ownGroup())
    close(terminal)
  }
  return Number(ready)
}

/** Whoever waits for this process sees how the command died, but no second core. */
function dieBy(signal: number): number {
  neverDumpCore()
  takeDefault(signal)
  signalProcess(process.pid, signal)
  return 128 + signal
}

function after(ms: number, act: () => void): void {
  if (ms <= LONGEST_TIMER_MS) setTimeout(act, ms)
  else setTimeout(after, LONGEST_TIMER_MS, ms - LONGEST_TIMER_MS, act)
}

/** Whether the caller has a signal ignored (`nohup`): then the job is to ignore it, too. */
function isIgnored(signal: number): boolean {
  const status = readText('/proc/self/status') ?? ''
  const mask = BigInt(`0x${/^SigIgn:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  return (mask >> BigInt(signal - 1)) % 2n === 1n
}
