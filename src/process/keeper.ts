import { HEARTBEAT_INTERVAL_MS } from '../core/expire.ts'
import type { ProcessIdentity } from '../core/pool.ts'
import { close } from '../system/libc/files.ts'
import { openPidfd } from '../system/libc/processes.ts'
import { waitForAny, waitForEnd } from '../system/libc/waiting.ts'
import { sight } from './identity.ts'

/** What a keeper does to the reservation that it keeps. */
export interface Duties {
  /** Records a sign of life. @returns whether the reservation is still there */
  heartbeat(): Promise<boolean>
  release(): Promise<void>
}

/** A time that the processes may not outlast. */
export interface Limit {
  readonly afterMs: number
  kill(): void
}

/** A kernel before 5.3 has no pidfd; then the process is looked for at this interval. */
const WITHOUT_PIDFD_INTERVAL_MS = 50

/** How often a keeper does its duties. */
export interface Rhythm {
  readonly heartbeatIntervalMs: number
  /** How often a release is tried. After that the next command reclaims the GPUs. */
  readonly releaseAttempts: number
  /** The pause after the first attempt; each further one is twice as long, but never longer than a heartbeat's. */
  readonly firstPauseMs: number
}

export const RHYTHM: Rhythm = {
  heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
  releaseAttempts: 7,
  firstPauseMs: 1000,
}

/**
 * Watches processes: a heartbeat while one of them lives, a release when all have ended. In between it sleeps in the kernel
 * and is woken by nothing else. It returns early when its reservation has been taken away.
 */
export async function keep(
  identities: readonly ProcessIdentity[],
  { heartbeat, release }: Duties,
  { heartbeatIntervalMs, releaseAttempts, firstPauseMs }: Rhythm = RHYTHM,
  limit: Limit | null = null,
): Promise<void> {
  let watched = identities.map(identity => ({ identity, pidfd: openPidfd(identity.pid) }))
  let nextBeatAt = performance.now() + heartbeatIntervalMs
  let killAt = performance.now() + (limit?.afterMs ?? Infinity)
  for (;;) {
    // Asked after the pidfd is open: now it is known to stand for this process and not for a later one with its pid.
    watched = watched.filter(stillRuns)
    if (watched.length === 0) break
    const wakeUpAt = Math.min(nextBeatAt, killAt)
    if (waitForAnEnd(watched, Math.max(0, Math.ceil(wakeUpAt - performance.now())))) continue
    if (wakeUpAt === killAt) {
      limit?.kill()
      killAt = Infinity
      continue
    }
    nextBeatAt = performance.now() + heartbeatIntervalMs
    // A store that does not answer now is asked again at the next beat; the process is what counts.
    if (!(await heartbeat().catch(() => true))) return
  }
  for (let attempt = 1; attempt <= releaseAttempts; attempt++) {
    if (attempt > 1) waitForEnd(-1, Math.min(heartbeatIntervalMs, firstPauseMs * 2 ** (attempt - 2)))
    const released = await release().then(
      () => true,
      () => false,
    )
    if (released) return
  }
}

interface Watched {
  readonly identity: ProcessIdentity
  /** -1 where the kernel has none. */
  readonly pidfd: number
}

function stillRuns({ identity, pidfd }: Watched): boolean {
  const runs = sight(identity) !== 'gone' && !(pidfd >= 0 && waitForEnd(pidfd, 0))
  if (!runs && pidfd >= 0) close(pidfd)
  return runs
}

/** @returns whether one of the processes has ended within a time */
export function waitForAnEnd(watched: readonly Watched[], timeoutMs: number): boolean {
  const pidfds = watched.map(({ pidfd }) => pidfd)
  if (!pidfds.includes(-1)) return waitForAny(pidfds, timeoutMs)
  for (let waited = 0; waited < timeoutMs; waited += WITHOUT_PIDFD_INTERVAL_MS) {
    if (watched.some(({ identity }) => sight(identity) === 'gone')) return true
    waitForEnd(-1, WITHOUT_PIDFD_INTERVAL_MS)
  }
  return false
}
