/** Processes: who is there, ending this one, and becoming another program. */

import { bound, cstring, EPERM, errno, pointers } from './library.ts'

const c = bound({
  _exit: { args: ['i32'], returns: 'void' },
  execve: { args: ['ptr', 'ptr', 'ptr'], returns: 'i32' },
  kill: { args: ['i32', 'i32'], returns: 'i32' },
  poll: { args: ['ptr', 'u64', 'i32'], returns: 'i32' },
  signal: { args: ['i32', 'ptr'], returns: 'ptr' },
  syscall: { args: ['i64', 'i64', 'i64'], returns: 'i64' },
})

const SYS_PIDFD_OPEN = 434

/** The kernel's answer to "is there a process with this pid": `hidden` when it exists but belongs to somebody else. */
export function processExists(pid: number): 'yes' | 'hidden' | 'no' {
  if (c().kill(pid, 0) === 0) return 'yes'
  return errno() === EPERM ? 'hidden' : 'no'
}

/** A descriptor that becomes readable when the process ends, or -1 (no such process, or a kernel before 5.3). */
export function openPidfd(pid: number): number {
  return Number(c().syscall(SYS_PIDFD_OPEN, pid, 0))
}

/**
 * Ends the process at once: nothing is flushed, closed or finalized but by the kernel.
 *
 * The runtime's own exit closes SQLite's connections, and a connection that closes last moves the whole -wal into the
 * database with four disk flushes: 4 ms on a quick disk, for nothing, since the next command goes on where this one was.
 */
export function exitNow(status: number): void {
  c()._exit(status)
}

/** Gives a signal its default action. */
export function resetSignal(signal: number): void {
  c().signal(signal, null)
}

/** Stops this process by a signal, as if nothing had ever caught it. It returns when the process goes on, or was not stopped. */
export function stopBy(signal: number): void {
  resetSignal(signal)
  c().kill(process.pid, signal)
  // Another thread may be the one that gets it.
  c().poll(null, 0, 10)
}

/** Ends this process by a signal, as if nothing had ever caught it. */
export function dieBy(signal: number): void {
  resetSignal(signal)
  c().kill(process.pid, signal)
  // Another thread may be the one that gets it: until then nothing else is to happen here.
  c().poll(null, 0, 1000)
}

/**
 * Replaces this process by a program. It returns only when that failed.
 *
 * @returns the error number
 */
export function execve(file: Uint8Array, argv: readonly Uint8Array[], env: readonly Uint8Array[]): number {
  const [argvStrings, envStrings] = [argv.map(cstring), env.map(cstring)]
  c().execve(cstring(file), pointers(argvStrings), pointers(envStrings))
  return errno()
}
