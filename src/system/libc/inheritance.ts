/** What a program that this process becomes inherits. */

import { bound } from './library.ts'

const c = bound({
  fcntl: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  getrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
  poll: { args: ['ptr', 'u64', 'i32'], returns: 'i32' },
  setrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
})

const F_GETFD = 1
const F_SETFD = 2
const FD_CLOEXEC = 1
const RLIMIT_NOFILE = 7
const POLLNVAL = 0x20

/** Those of the descriptors below a number that are open, ascending; asked in one call, where one by one takes 1 ms. */
export function openDescriptors(below: number): number[] {
  const all = Array.from({ length: below }, (_, fd) => fd)
  // struct pollfd: the descriptor, then the events wanted (none) and, in the upper half, those that came.
  const requests = new Int32Array(all.flatMap(fd => [fd, 0]))
  // It refuses to be asked about more descriptors than this process may open; then any of them may be open.
  if (c().poll(requests, below, 0) < 0) return all
  return all.filter(fd => (((requests[2 * fd + 1] ?? 0) >> 16) & POLLNVAL) === 0)
}

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
