/** Files and descriptors, by the C library: reading a file this way costs 0.05 ms where loading `node:fs` costs 1.5 ms. */

import { textOf } from '../text.ts'
import { addressOf, bound, cstring, EAGAIN, EFBIG, EINTR, ENOENT, ENOTDIR, errno } from './library.ts'
import { poll } from './waiting.ts'

const c = bound({
  access: { args: ['ptr', 'i32'], returns: 'i32' },
  close: { args: ['i32'], returns: 'i32' },
  lseek: { args: ['i32', 'i64', 'i32'], returns: 'i64' },
  memfd_create: { args: ['ptr', 'u32'], returns: 'i32' },
  open: { args: ['ptr', 'i32', 'i32'], returns: 'i32' },
  read: { args: ['i32', 'ptr', 'u64'], returns: 'i64' },
  readlink: { args: ['ptr', 'ptr', 'u64'], returns: 'i64' },
  write: { args: ['i32', 'ptr', 'u64'], returns: 'i64' },
})

const O_RDONLY = 0
const O_NONBLOCK = 0o4000
const O_CLOEXEC = 0o2000000
const O_PATH = 0o10000000
// The one number here that differs: 0o40000 on arm64.
const O_DIRECTORY = process.arch === 'arm64' ? 0o40000 : 0o200000
const POLLOUT = 4
const MFD_CLOEXEC = 1
const SEEK_CUR = 1
const SEEK_END = 2
const F_OK = 0
const X_OK = 1
const W_OK = 2

/** Opens a file for reading, close-on-exec. @returns the descriptor, or -1 */
export function openForReading(path: string | Uint8Array): number {
  return c().open(cstring(path), O_RDONLY | O_CLOEXEC, 0)
}

/** A file in memory, close-on-exec, that is gone when nobody holds it any more. */
export function openMemoryFile(name: string): number {
  return c().memfd_create(cstring(name), MFD_CLOEXEC)
}

/** All that was written to a memory file. */
export function readMemoryFile(fd: number): string {
  // Opened anew, so that reading begins at the start wherever the writer stands.
  return readText(`/proc/self/fd/${fd}`) ?? ''
}

export function close(fd: number): void {
  c().close(fd)
}

/** The whole content of a file, for files in /proc, whose size nobody knows beforehand. Null when it cannot be read. */
export function readFile(path: string): Uint8Array | null {
  const fd = openForReading(path)
  if (fd < 0) return null
  try {
    const content = readToEnd(fd)
    return typeof content === 'number' ? null : content
  } finally {
    c().close(fd)
  }
}

/** The same as text. */
export function readText(path: string): string | null {
  const content = readFile(path)
  return content && textOf(content)
}

/**
 * The whole content of a file on a disk, or the error number that says why not: ESPIPE for a pipe or a terminal, which could
 * be read only once or never end, EFBIG for more than `most` bytes.
 */
export function readRegularFile(path: string, most: number): Uint8Array | number {
  // Without blocking, since opening a named pipe would wait for somebody to write to it.
  const fd = c().open(cstring(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
  if (fd < 0) return errno()
  try {
    if (Number(c().lseek(fd, 0, SEEK_CUR)) < 0) return errno()
    return readToEnd(fd, most)
  } finally {
    c().close(fd)
  }
}

/** All that is left to read, or the error number that says why not. */
function readToEnd(fd: number, most = Infinity): Uint8Array | number {
  let content = new Uint8Array(4096)
  for (let length = 0; ; ) {
    if (length > most) return EFBIG
    if (length === content.length) content = doubled(content)
    const count = Number(c().read(fd, addressOf(content, length), content.length - length))
    if (count < 0) return errno()
    if (count === 0) return content.subarray(0, length)
    length += count
  }
}

function doubled(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * bytes.length)
  larger.set(bytes)
  return larger
}

/** The length of a file in bytes; 0 when it cannot be read. */
export function fileSize(path: string): number {
  const fd = openForReading(path)
  if (fd < 0) return 0
  const size = Number(c().lseek(fd, 0, SEEK_END))
  c().close(fd)
  return Math.max(0, size)
}

/** The first bytes of a file; none when it cannot be read. */
export function readStart(path: Uint8Array, length: number): Uint8Array {
  const fd = openForReading(path)
  if (fd < 0) return new Uint8Array()
  const start = new Uint8Array(length)
  const count = Number(c().read(fd, start, length))
  c().close(fd)
  return start.subarray(0, Math.max(0, count))
}

/** A line that somebody types, without its end; null when there is none: end of input. */
export function readLine(fd: number): string | null {
  const byte = new Uint8Array(1)
  const line: number[] = []
  for (;;) {
    const count = Number(c().read(fd, byte, 1))
    if (count < 0 && errno() === EINTR) continue
    if (count <= 0) return null
    if (byte[0] === 10) return textOf(new Uint8Array(line))
    line.push(byte[0] ?? 0)
  }
}

/** Where a symbolic link points, null when it cannot be read. */
export function readLink(path: string): string | null {
  const target = new Uint8Array(4096)
  const length = Number(c().readlink(cstring(path), target, target.length))
  return length < 0 ? null : textOf(target.subarray(0, length))
}

/** Whether nothing is there under a path. A path that may not be looked at is not missing. */
export function isMissing(path: string): boolean {
  return c().access(cstring(path), F_OK) !== 0 && [ENOENT, ENOTDIR].includes(errno())
}

/** Whether something is there under a path, for somebody who may look at it. */
export function isThere(path: string | Uint8Array): boolean {
  return c().access(cstring(path), F_OK) === 0
}

/** Whether the caller may write to what is there under a path: in a directory, make and remove files. */
export function isWritable(path: string): boolean {
  return c().access(cstring(path), W_OK) === 0
}

/** Whether the caller may execute a path: 0, or the error number that says why not. */
export function checkExecutable(path: Uint8Array): number {
  return c().access(cstring(path), X_OK) === 0 ? 0 : errno()
}

export function isDirectory(path: Uint8Array): boolean {
  const fd = c().open(cstring(path), O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
  if (fd >= 0) c().close(fd)
  return fd >= 0
}

/**
 * Writes all bytes, waiting where the descriptor is non-blocking and full.
 *
 * @returns 0, or the error number that stopped it
 */
export function writeAll(fd: number, bytes: Uint8Array): number {
  for (let written = 0; written < bytes.length; ) {
    const count = Number(c().write(fd, addressOf(bytes, written), bytes.length - written))
    if (count >= 0) written += count
    else {
      const error = errno()
      if (error === EAGAIN) poll(fd, POLLOUT, -1)
      else if (error !== EINTR) return error
    }
  }
  return 0
}
