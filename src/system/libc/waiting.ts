/** Sleeping in the kernel until something happens. */

import { bound, cstring } from './library.ts'

const c = bound({
  close: { args: ['i32'], returns: 'i32' },
  inotify_add_watch: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
  inotify_init1: { args: ['i32'], returns: 'i32' },
  poll: { args: ['ptr', 'u64', 'i32'], returns: 'i32' },
  read: { args: ['i32', 'ptr', 'u64'], returns: 'i64' },
})

const POLLIN = 1
const IN_NONBLOCK_CLOEXEC = 0o2004000
const IN_CLOSE_NOWRITE = 0x10

/** Waits for one descriptor. @returns whether it became ready before the time was over */
export function poll(fd: number, events: number, timeoutMs: number): boolean {
  const request = new Int32Array([fd, events])
  return c().poll(request, 1, timeoutMs) > 0
}

/** Whether nobody can read any more what is written to a descriptor: the other end of a pipe is closed, say. */
export function readerIsGone(fd: number): boolean {
  // Errors and hang-ups are told without being asked for.
  return poll(fd, 0, 0)
}

/**
 * Watches a file. @returns a descriptor that becomes readable each time that somebody closes the file who had it open for
 * reading, or -1 (no such file, or too many watches already); inotify(7)
 */
export function watchCloses(path: string): number {
  const fd = c().inotify_init1(IN_NONBLOCK_CLOEXEC)
  if (fd < 0) return -1
  if (c().inotify_add_watch(fd, cstring(path), IN_CLOSE_NOWRITE) >= 0) return fd
  c().close(fd)
  return -1
}

/** Reads away all that made a watch readable. */
export function drainWatch(fd: number): void {
  const events = new Uint8Array(4096)
  while (Number(c().read(fd, events, events.length)) > 0);
}

/** Whether there is something to read right now, the end included. */
export function isReadable(fd: number): boolean {
  return poll(fd, POLLIN, 0)
}

/** Sleeps until one of the descriptors is readable. @returns whether one is, and not just the time over */
export function waitForAny(fds: readonly number[], timeoutMs: number): boolean {
  // struct pollfd: the descriptor, then the events wanted and (left 0) those that came.
  const requests = new Int32Array(fds.flatMap(fd => [fd, POLLIN]))
  return c().poll(requests, fds.length, Math.min(timeoutMs, 2 ** 31 - 1)) > 0
}

/** Sleeps until the process behind a pidfd ends; with -1 it only sleeps. @returns whether it has ended */
export function waitForEnd(pidfd: number, timeoutMs: number): boolean {
  return poll(pidfd, POLLIN, timeoutMs)
}

/** Sleeps in the kernel: nothing else goes on in this process. */
export function sleep(ms: number): void {
  if (ms > 0) poll(-1, 0, ms)
}
