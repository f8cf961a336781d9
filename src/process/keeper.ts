import { HEARTBEAT_INTERVAL_MS } from '../core/expire.ts'
import type { ProcessIdentity } from '../core/pool.ts'
import { openPidfd, waitForEnd } from '../system/libc.ts'
import { sight } from './identity.ts'

/** What a keeper does to the reservation that it keeps. */
export interface Duties {
  /** Records a sign of life. @returns whether the reservation is still there */
  heartbeat(): Promise<boolean>
  release(): Promise<void>
}

/** A kernel before 5.3 has no pidfd; then the process is looked for at this interval. */
const WITHOUT_PIDFD_INTERVAL_MS = 50

/** How often a keeper does its duties. */
export interface Rhythm {
  readonly heartbeatIntervalMs: number
  /** How often a release is tried. After that the next command reclaims the GPUs. */
  readonly releaseAttempts: number
  /** The pause after the first attempt; each further one is twice as long. */
  readonly firstPauseMs: number
}

const RHYTHM: Rhythm = {
  heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
  releaseAttempts: 7,
  firstPauseMs: 1000,
}

/**
 * Watches one process: a heartbeat while it lives, a release when it has ended. In between it sleeps in the kernel and is
 * woken by nothing else. It returns early when its reservation has been taken away.
 */
export async function keep(
  identity: ProcessIdentity,
  { heartbeat, release }: Duties,
  { heartbeatIntervalMs, releaseAttempts, firstPauseMs }: Rhythm = RHYTHM,
): Promise<void> {
  const pidfd = openPidfd(identity.pid)
  // Asked after the pidfd is open: now it is known to stand for this process and not for a later one with its pid.
  while (sight(identity) !== 'gone') {
    if (waitForEndOf(identity, pidfd, heartbeatIntervalMs)) break
    // A store that does not answer now is asked again at the next beat; the process is what counts.
    if (!(await heartbeat().catch(() => true))) return
  }
  for (let attempt = 1; attempt <= releaseAttempts; attempt++) {
    if (attempt > 1) waitForEnd(-1, firstPauseMs * 2 ** (attempt - 2))
    const released = await release().then(
      () => true,
      () => false,
    )
    if (released) return
  }
}

/** @returns whether the process has ended within a time */
export function waitForEndOf(identity: ProcessIdentity, pidfd: number, timeoutMs: number): boolean {
  if (pidfd >= 0) return waitForEnd(pidfd, timeoutMs)
  for (let waited = 0; waited < timeoutMs; waited += WITHOUT_PIDFD_INTERVAL_MS) {
    if (sight(identity) === 'gone') return true
    waitForEnd(-1, WITHOUT_PIDFD_INTERVAL_MS)
  }
  return false
}
