/** What a program that this process becomes inherits. */

import { bound } from './library.ts'

const c = bound({
  fcntl: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  getrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
  setrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
})

const F_GETFD = 1
const F_SETFD = 2
const FD_CLOEXEC = 1
const RLIMIT_NOFILE = 7

/** Whether a descriptor is open and marked close-on-exec. */
export function isCloseOnExec(fd: number): boolean {
  return c().fcntl(fd, F_GETFD, 0) === 1
}

/** Closes a descriptor on exec. */
export function closeOnExec(fd: number): void {
  c().fcntl(fd, F_SETFD, FD_CLOEXEC)
}

/** Lets a descriptor live on across exec. */
export function keepOnExec(fd: number): void {
  c().fcntl(fd, F_SETFD, 0)
}

/** The limits on open files: [soft, hard]. */
export function openFileLimits(): [soft: bigint, hard: bigint] {
  const limits = new BigUint64Array(2)
  c().getrlimit(RLIMIT_NOFILE, limits)
  return [limits[0] ?? 0n, limits[1] ?? 0n]
}

export function setOpenFileLimits(soft: bigint, hard: bigint): void {
  c().setrlimit(RLIMIT_NOFILE, new BigUint64Array([soft, hard]))
}
