/** Jobs in a process group of their own, and whose turn it is on the terminal, as a shell does it. */

import { bound, pointers } from './library.ts'

const c = bound({
  getpgid: { args: ['i32'], returns: 'i32' },
  getpgrp: { args: [], returns: 'i32' },
  kill: { args: ['i32', 'i32'], returns: 'i32' },
  pipe2: { args: ['ptr', 'i32'], returns: 'i32' },
  posix_spawn: { args: ['ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr'], returns: 'i32' },
  posix_spawnattr_init: { args: ['ptr'], returns: 'i32' },
  posix_spawnattr_setflags: { args: ['ptr', 'i32'], returns: 'i32' },
  prctl: { args: ['i32', 'u64'], returns: 'i32' },
  signal: { args: ['i32', 'u64'], returns: 'ptr' },
  tcgetpgrp: { args: ['i32'], returns: 'i32' },
  tcsetpgrp: { args: ['i32', 'i32'], returns: 'i32' },
  waitpid: { args: ['i32', 'ptr', 'i32'], returns: 'i32' },
})

const O_CLOEXEC = 0o2000000
const POSIX_SPAWN_SETPGROUP = 2
const PR_SET_PDEATHSIG = 1
const PR_SET_DUMPABLE = 4
const SIG_IGN = 1n
const SIG_DFL = 0n
const SIGKILL = 9
const SIGTTOU = 22
const WNOHANG = 1
const WUNTRACED = 2

/** How a child changed: it exited, died by a signal, or was stopped by one. */
export type ChildChange =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'killed'; readonly signal: number }
  | { readonly kind: 'stopped'; readonly signal: number }

/**
 * Starts a program as the first of a new process group, with all descriptors that are not close-on-exec.
 *
 * @param argv NUL-terminated, as `env`: bytes that need not be UTF-8
 * @returns its pid, or the negated error number
 */
export function spawnGroup(
  file: Uint8Array,
  argv: readonly Uint8Array[],
  env: readonly Uint8Array[],
): number {
  // posix_spawnattr_t is 336 bytes in glibc.
  const attributes = new Uint8Array(512)
  c().posix_spawnattr_init(attributes)
  c().posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP)
  const pid = new Int32Array(1)
  const error = c().posix_spawn(pid, file, null, attributes, pointers(argv), pointers(env))
  return error === 0 ? (pid[0] ?? 0) : -error
}

/** How a child of ours has changed since it was last asked about, null when it has not. */
export function changeOf(pid: number): ChildChange | null {
  const status = new Int32Array(1)
  if (c().waitpid(pid, status, WNOHANG | WUNTRACED) !== pid) return null
  // The encoding of wait(2)'s status word.
  const word = status[0] ?? 0
  if ((word & 0xff) === 0x7f) return { kind: 'stopped', signal: (word >> 8) & 0xff }
  return (word & 0x7f) === 0
    ? { kind: 'exited', status: (word >> 8) & 0xff }
    : { kind: 'killed', signal: word & 0x7f }
}

/** Signals a whole process group. */
export function signalGroup(group: number, signal: number): void {
  c().kill(-group, signal)
}

/** Signals one process; with 0 it is only asked whether that could be. @returns whether it could */
export function signalProcess(pid: number, signal: number): boolean {
  return c().kill(pid, signal) === 0
}

/** The process group of a process, -1 when it is gone. */
export function groupOf(pid: number): number {
  return c().getpgid(pid)
}

/** Lets a signal do to this process what it does by default. */
export function takeDefault(signal: number): void {
  c().signal(signal, SIG_DFL)
}

export function ownGroup(): number {
  return c().getpgrp()
}

/** The group whose turn it is on the terminal behind a descriptor, -1 where there is none. */
export function foregroundGroup(fd: number): number {
  return c().tcgetpgrp(fd)
}

/** Gives a group its turn on the terminal; without the stop that a background process gets for trying. */
export function giveTerminal(fd: number, group: number): void {
  c().signal(SIGTTOU, SIG_IGN)
  c().tcsetpgrp(fd, group)
  c().signal(SIGTTOU, SIG_DFL)
}

/** Has the kernel kill this process when its parent ends; that lasts over exec. */
export function dieWithParent(): void {
  c().prctl(PR_SET_PDEATHSIG, BigInt(SIGKILL))
}

export function neverDumpCore(): void {
  c().prctl(PR_SET_DUMPABLE, 0n)
}

/** A pipe whose ends are close-on-exec. */
export function openPipe(): { readEnd: number; writeEnd: number } {
  const ends = new Int32Array(2)
  c().pipe2(ends, O_CLOEXEC)
  return { readEnd: ends[0] ?? -1, writeEnd: ends[1] ?? -1 }
}
