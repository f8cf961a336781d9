import { readdirSync } from 'node:fs'
import type { ProcessIdentity } from '../core/pool.ts'
import { close, readText } from '../system/libc/files.ts'
import { groupOf, signalGroup, signalProcess } from '../system/libc/job-control.ts'
import { openPidfd } from '../system/libc/processes.ts'
import { sight } from './identity.ts'
import { waitForAnEnd } from './keeper.ts'

const SIGKILL = 9
const SIGTERM = 15
const SIGCONT = 18

/** How long a killed process may take: one that waits for hardware does not end before it has its answer. */
const KILLED_WITHIN_MS = 5000

/** How an attempt to end a command went; `denied` where the kernel does not allow it: a command that became another user's. */
export type EndOutcome = 'ended' | 'denied' | 'survived'

/**
 * Ends commands, all at the same time: SIGTERM, and after the grace SIGKILL for those that are still there.
 *
 * @returns how it went for each
 */
export function endCommands(commands: readonly ProcessIdentity[], graceMs: number): EndOutcome[] {
  // Open before anything is signalled: from here on a pidfd stands for this process, and no later one with its pid.
  const targets = commands.map(identity => ({ identity, pidfd: openPidfd(identity.pid) }))
  const isThere = ({ identity }: Target) => sight(identity) !== 'gone'
  try {
    const signalled = targets.filter(target => isThere(target) && maySignal(target.identity))
    for (const { identity } of signalled) {
      signalAll(identity, SIGTERM)
      // One that is stopped could not end.
      signalAll(identity, SIGCONT)
    }
    waitForAll(signalled, graceMs)
    const stubborn = signalled.filter(isThere)
    for (const { identity } of stubborn) signalAll(identity, SIGKILL)
    waitForAll(stubborn, KILLED_WITHIN_MS)
    return targets.map(target => {
      if (!isThere(target)) return 'ended'
      return maySignal(target.identity) ? 'survived' : 'denied'
    })
  } finally {
    for (const { pidfd } of targets) if (pidfd >= 0) close(pidfd)
  }
}

interface Target {
  readonly identity: ProcessIdentity
  readonly pidfd: number
}

function maySignal({ pid }: ProcessIdentity): boolean {
  return signalProcess(pid, 0)
}

function waitForAll(targets: readonly Target[], timeoutMs: number): void {
  const deadline = Date.now() + timeoutMs
  for (const target of targets) waitForAnEnd([target], Math.max(0, deadline - Date.now()))
}

/**
 * Signals all of a command: its process group where that is its own, as it is when a shell with job control started it.
 * Where it is not, the group is a script's, which is not to be ended with it; then the command and its descendants.
 */
function signalAll({ pid }: ProcessIdentity, signal: number): void {
  // The group of 1, as a command of a container may have it, would be every process that there is.
  if (pid > 1 && groupOf(pid) === pid) signalGroup(pid, signal)
  // The list is made before the first is signalled: orphans are not to be found any more.
  else for (const process of [pid, ...descendantsOf(pid)]) signalProcess(process, signal)
}

function descendantsOf(pid: number): number[] {
  const children = threadsOf(pid).flatMap(thread => {
    const text = readText(`/proc/${pid}/task/${thread}/children`) ?? ''
    return text.split(' ').filter(Boolean).map(Number)
  })
  return children.flatMap(child => [child, ...descendantsOf(child)])
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}
