/** Locks of whole files: flock(2). */

import { addressOfFunction, bound, EINTR, errno } from './library.ts'

const c = bound({
  abs: { args: ['i32'], returns: 'i32' },
  alarm: { args: ['u32'], returns: 'u32' },
  flock: { args: ['i32', 'i32'], returns: 'i32' },
  pthread_sigmask: { args: ['i32', 'ptr', 'ptr'], returns: 'i32' },
  siginterrupt: { args: ['i32', 'i32'], returns: 'i32' },
  signal: { args: ['i32', 'ptr'], returns: 'ptr' },
})

const LOCK_EX = 2
const LOCK_NB = 4
const SIGALRM = 14
const SIG_UNBLOCK = 1
const SIG_SETMASK = 2

/**
 * Takes the exclusive flock(2) of an open file, in the order in which processes asked for it.
 *
 * A blocking flock is the only fair line that the kernel offers, and a signal is the only thing that ends its wait. So an
 * alarm is set, with a handler that does nothing: `abs`, a function of the right shape that is already in memory. An alarm
 * of the caller's, which outlives exec, waits its turn and is set again.
 *
 * @returns whether the lock was taken within the time, whole seconds
 */
export function lockExclusively(fd: number, timeoutSeconds: number): boolean {
  if (c().flock(fd, LOCK_EX | LOCK_NB) === 0) return true
  // sigset_t is 128 bytes in glibc; signal n is bit n - 1.
  const alarmOnly = new Uint8Array(128)
  alarmOnly[(SIGALRM - 1) >> 3] = 1 << ((SIGALRM - 1) & 7)
  const callersMask = new Uint8Array(128)
  c().pthread_sigmask(SIG_UNBLOCK, alarmOnly, callersMask)
  const callersHandler = c().signal(SIGALRM, addressOfFunction(c().abs))
  c().siginterrupt(SIGALRM, 1)
  const startedAt = Date.now()
  const callersAlarm = c().alarm(timeoutSeconds)
  const deadline = startedAt + timeoutSeconds * 1000
  let locked = false
  do locked = c().flock(fd, LOCK_EX) === 0
  while (!locked && errno() === EINTR && Date.now() < deadline)
  c().alarm(0)
  c().signal(SIGALRM, callersHandler)
  c().pthread_sigmask(SIG_SETMASK, callersMask, null)
  if (callersAlarm > 0) c().alarm(Math.max(1, callersAlarm - Math.floor((Date.now() - startedAt) / 1000)))
  return locked
}

/** Takes the exclusive flock(2) of an open file if nobody has it. @returns whether it was taken */
export function tryLock(fd: number): boolean {
  return c().flock(fd, LOCK_EX | LOCK_NB) === 0
}
