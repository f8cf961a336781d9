import type { RunReservation } from '../core/pool.ts'
import { sleep } from '../system/libc/waiting.ts'
import { processUid } from '../system/user-name.ts'
import { wordsOf } from './command-of.ts'
import { KEEPER } from './hidden-words.ts'
import { allPids } from './pids.ts'
import { statOf } from './stat.ts'

/** A process has no command line while it becomes another program: for some microseconds, or until it is its turn again. */
const MOST_LOOKS = 50
const BETWEEN_LOOKS_MS = 1

/**
 * The ids of those among some runs whose keeper is at its post on this host, or on its way: its user's own, or root's, by its
 * command line. It was started before the command was, so a command that has ended with its keeper alive is seen to have ended.
 */
export function keptAmong(runs: readonly RunReservation[]): ReadonlySet<string> {
  const kept = new Set<string>()
  let pids = pidsBehind(Math.min(...runs.flatMap(({ processes }) => processes.map(({ pid }) => pid))))
  for (let look = 1; pids.length > 0 && look <= MOST_LOOKS; look++) {
    if (look > 1) sleep(BETWEEN_LOOKS_MS)
    const unclear: number[] = []
    for (const pid of pids) {
      const words = wordsOf(pid)
      const run = runs.find(({ id }) => isKeeperOf(id, words))
      if (run && isOf(pid, run.holder.uid)) kept.add(run.id)
      if (kept.size === runs.length) return kept
      if (words.length === 0 && mayBecomeAnother(pid)) unclear.push(pid)
    }
    pids = unclear
  }
  return kept
}

/** All pids, those behind a given one first: a keeper is started right after the process that it keeps. */
function pidsBehind(first: number): number[] {
  const pids = allPids()
  return [...pids.filter(pid => pid > first), ...pids.filter(pid => pid <= first)]
}

/** Also when it is still the shell that becomes the keeper. */
function isKeeperOf(id: string, words: readonly string[]): boolean {
  return words.includes(KEEPER) && words.includes(`reservation=${id}`)
}

function isOf(pid: number, holderUid: number): boolean {
  const uid = processUid(pid)
  return uid === holderUid || uid === 0
}

function mayBecomeAnother(pid: number): boolean {
  const stat = statOf(pid)
  return stat !== null && !stat.isKernelThread && stat.state !== 'Z'
}
