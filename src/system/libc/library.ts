/**
 * The C library, called directly: the one module that touches the runtime's foreign function interface. Its neighbours give
 * the functions their meaning, a file for each topic.
 *
 * Only what the runtime cannot do, or does more slowly, is here. Numbers are Linux's own, the same on x86-64 and arm64 unless
 * a line says otherwise.
 */

import { CString, dlopen, type Pointer, ptr, read } from 'bun:ffi'

// The runtime itself is linked to this library, so the bare name is found in memory and never searched for on disk.
export const { symbols: c } = dlopen('libc.so.6', {
  __errno_location: { args: [], returns: 'ptr' },
  _exit: { args: ['i32'], returns: 'void' },
  abs: { args: ['i32'], returns: 'i32' },
  access: { args: ['ptr', 'i32'], returns: 'i32' },
  alarm: { args: ['u32'], returns: 'u32' },
  close: { args: ['i32'], returns: 'i32' },
  execve: { args: ['ptr', 'ptr', 'ptr'], returns: 'i32' },
  fcntl: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  flock: { args: ['i32', 'i32'], returns: 'i32' },
  getpwuid: { args: ['u32'], returns: 'ptr' },
  getrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
  ioctl: { args: ['i32', 'u64', 'ptr'], returns: 'i32' },
  isatty: { args: ['i32'], returns: 'i32' },
  inotify_add_watch: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
  inotify_init1: { args: ['i32'], returns: 'i32' },
  kill: { args: ['i32', 'i32'], returns: 'i32' },
  localtime_r: { args: ['ptr', 'ptr'], returns: 'ptr' },
  lseek: { args: ['i32', 'i64', 'i32'], returns: 'i64' },
  memfd_create: { args: ['ptr', 'u32'], returns: 'i32' },
  mktime: { args: ['ptr'], returns: 'i64' },
  open: { args: ['ptr', 'i32', 'i32'], returns: 'i32' },
  poll: { args: ['ptr', 'u64', 'i32'], returns: 'i32' },
  pthread_sigmask: { args: ['i32', 'ptr', 'ptr'], returns: 'i32' },
  read: { args: ['i32', 'ptr', 'u64'], returns: 'i64' },
  readlink: { args: ['ptr', 'ptr', 'u64'], returns: 'i64' },
  setrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
  siginterrupt: { args: ['i32', 'i32'], returns: 'i32' },
  signal: { args: ['i32', 'ptr'], returns: 'ptr' },
  strerror: { args: ['i32'], returns: 'ptr' },
  syscall: { args: ['i64', 'i64', 'i64'], returns: 'i64' },
  tcgetattr: { args: ['i32', 'ptr'], returns: 'i32' },
  tcsetattr: { args: ['i32', 'i32', 'ptr'], returns: 'i32' },
  write: { args: ['i32', 'ptr', 'u64'], returns: 'i64' },
})

export const EPERM = 1
export const ENOENT = 2
export const EINTR = 4
export const ENOEXEC = 8
export const EAGAIN = 11
export const EACCES = 13
export const ENOTDIR = 20
export const EFBIG = 27
export const ESPIPE = 29
export const EPIPE = 32

/** A C string: the bytes and a NUL. Text goes as UTF-8. */
export function cstring(text: string | Uint8Array): Uint8Array {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const terminated = new Uint8Array(bytes.length + 1)
  terminated.set(bytes)
  return terminated
}

/** The text at an address, null for the null pointer. */
export function textAt(address: number | bigint | null): string | null {
  return address === null ? null : new CString(Number(address) as Pointer).toString()
}

/** The address that stands in memory at an address. */
export function addressIn(base: number | bigint, offset: number): number | null {
  return read.ptr(Number(base) as Pointer, offset) || null
}

/** Where bytes stand in memory; they must be kept alive by the caller. */
export function addressOf(bytes: NodeJS.TypedArray, offset = 0): Pointer {
  return ptr(bytes, offset)
}

/** Where a function of the C library stands in memory. */
export function addressOfFunction(symbol: unknown): Pointer {
  return (symbol as { ptr: Pointer }).ptr
}

/** The error number of the call just made. */
export function errno(): number {
  const location = c.__errno_location()
  return location === null ? 0 : read.i32(location, 0)
}

/** The system's words for an error number: `No such file or directory`. */
export function errorText(error: number): string {
  return textAt(c.strerror(error)) ?? `error ${error}`
}
