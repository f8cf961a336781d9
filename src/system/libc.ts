/**
 * The C library, called directly: the one module that touches the runtime's foreign function interface.
 *
 * Only what the runtime cannot do, or does more slowly, is here: reading a file through this module costs 0.05 ms where
 * loading `node:fs` costs 1.5 ms. Numbers are Linux's own, the same on x86-64 and arm64 unless a line says otherwise.
 */

import { CString, dlopen, type Pointer, ptr, read } from 'bun:ffi'

// The runtime itself is linked to this library, so the bare name is found in memory and never searched for on disk.
const { symbols: c } = dlopen('libc.so.6', {
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
  madvise: { args: ['u64', 'u64', 'i32'], returns: 'i32' },
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

const O_RDONLY = 0
const O_NONBLOCK = 0o4000
const O_CLOEXEC = 0o2000000
const O_PATH = 0o10000000
// The one number here that differs: 0o40000 on arm64.
const O_DIRECTORY = process.arch === 'arm64' ? 0o40000 : 0o200000
const F_GETFD = 1
const F_SETFD = 2
const FD_CLOEXEC = 1
const POLLIN = 1
const POLLOUT = 4
const MFD_CLOEXEC = 1
const MADV_DONTNEED = 4
const IN_NONBLOCK_CLOEXEC = 0o2004000
const IN_CLOSE_NOWRITE = 0x10
const TIOCGWINSZ = 0x5413
const TCSADRAIN = 1
const IXON = 0o2000
const ICANON = 0o2
const ECHO = 0o10
const VTIME = 5
const VMIN = 6
const LOCK_EX = 2
const LOCK_NB = 4
const SEEK_CUR = 1
const SEEK_END = 2
const SIGALRM = 14
const SIG_UNBLOCK = 1
const SIG_SETMASK = 2
const RLIMIT_NOFILE = 7
const SYS_PIDFD_OPEN = 434
const F_OK = 0
const X_OK = 1
const W_OK = 2

/** A C string: the bytes and a NUL. Text goes as UTF-8. */
export function cstring(text: string | Uint8Array): Uint8Array {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const terminated = new Uint8Array(bytes.length + 1)
  terminated.set(bytes)
  return terminated
}

function text(address: number | bigint | null): string | null {
  return address === null ? null : new CString(Number(address) as Pointer).toString()
}

/** The error number of the call just made. */
function errno(): number {
  const location = c.__errno_location()
  return location === null ? 0 : read.i32(location, 0)
}

/** The system's words for an error number: `No such file or directory`. */
export function errorText(error: number): string {
  return text(c.strerror(error)) ?? `error ${error}`
}

/** Opens a file for reading, close-on-exec. @returns the descriptor, or -1 */
export function openForReading(path: string | Uint8Array): number {
  return c.open(cstring(path), O_RDONLY | O_CLOEXEC, 0)
}

/** A file in memory, close-on-exec, that is gone when nobody holds it any more. */
export function openMemoryFile(name: string): number {
  return c.memfd_create(cstring(name), MFD_CLOEXEC)
}

/** All that was written to a memory file. */
export function readMemoryFile(fd: number): Buffer {
  // Opened anew, so that reading begins at the start wherever the writer stands.
  return readFile(`/proc/self/fd/${fd}`) ?? Buffer.alloc(0)
}

/**
 * Lets go of the program's own code in memory, as far as this process has it mapped: what is needed again comes back from the
 * file, which the kernel keeps once for all, as long as it has room.
 */
export function letGoOfCode(): void {
  const maps = readFile('/proc/self/maps')?.toString('latin1') ?? ''
  // Only what can be executed: that is never written to, so it is the same in the file.
  for (const [, from, to, path] of maps.matchAll(/^([\da-f]+)-([\da-f]+) r-xp (?:\S+ ){3} *(\/.*)$/gm))
    if (path === process.execPath)
      c.madvise(BigInt(`0x${from}`), BigInt(`0x${to}`) - BigInt(`0x${from}`), MADV_DONTNEED)
}

export function close(fd: number): void {
  c.close(fd)
}

/** The whole content of a file, for files in /proc, whose size nobody knows beforehand. Null when it cannot be read. */
export function readFile(path: string): Buffer | null {
  const fd = openForReading(path)
  if (fd < 0) return null
  try {
    let content = Buffer.alloc(4096)
    let length = 0
    for (;;) {
      if (length === content.length) content = Buffer.concat([content, Buffer.alloc(content.length)])
      const count = Number(c.read(fd, ptr(content, length), content.length - length))
      if (count < 0) return null
      if (count === 0) return content.subarray(0, length)
      length += count
    }
  } finally {
    c.close(fd)
  }
}

/**
 * The whole content of a file on a disk, or the error number that says why not: ESPIPE for a pipe or a terminal, which could
 * be read only once or never end, EFBIG for more than `most` bytes.
 */
export function readRegularFile(path: string, most: number): Buffer | number {
  // Without blocking, since opening a named pipe would wait for somebody to write to it.
  const fd = c.open(cstring(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0)
  if (fd < 0) return errno()
  try {
    if (Number(c.lseek(fd, 0, SEEK_CUR)) < 0) return errno()
    let content = Buffer.alloc(4096)
    for (let length = 0; ; ) {
      if (length > most) return EFBIG
      if (length === content.length) content = Buffer.concat([content, Buffer.alloc(content.length)])
      const count = Number(c.read(fd, ptr(content, length), content.length - length))
      if (count < 0) return errno()
      if (count === 0) return content.subarray(0, length)
      length += count
    }
  } finally {
    c.close(fd)
  }
}

/** The length of a file in bytes; 0 when it cannot be read. */
export function fileSize(path: string): number {
  const fd = openForReading(path)
  if (fd < 0) return 0
  const size = Number(c.lseek(fd, 0, SEEK_END))
  c.close(fd)
  return Math.max(0, size)
}

/** The first bytes of a file; none when it cannot be read. */
export function readStart(path: Uint8Array, length: number): Buffer {
  const fd = openForReading(path)
  if (fd < 0) return Buffer.alloc(0)
  const start = Buffer.alloc(length)
  const count = Number(c.read(fd, start, length))
  c.close(fd)
  return start.subarray(0, Math.max(0, count))
}

/** A line that somebody types, without its end; null when there is none: end of input. */
export function readLine(fd: number): string | null {
  const byte = new Uint8Array(1)
  const line: number[] = []
  for (;;) {
    const count = Number(c.read(fd, byte, 1))
    if (count < 0 && errno() === EINTR) continue
    if (count <= 0) return null
    if (byte[0] === 10) return Buffer.from(line).toString()
    line.push(byte[0] ?? 0)
  }
}

/** Where a symbolic link points, null when it cannot be read. */
export function readLink(path: string): string | null {
  const target = Buffer.alloc(4096)
  const length = Number(c.readlink(cstring(path), target, target.length))
  return length < 0 ? null : target.toString('utf8', 0, length)
}

/** Whether nothing is there under a path. A path that may not be looked at is not missing. */
export function isMissing(path: string): boolean {
  return c.access(cstring(path), F_OK) !== 0 && [ENOENT, ENOTDIR].includes(errno())
}

/** Whether something is there under a path, for somebody who may look at it. */
export function isThere(path: string): boolean {
  return c.access(cstring(path), F_OK) === 0
}

/** Whether the caller may write to what is there under a path: in a directory, make and remove files. */
export function isWritable(path: string): boolean {
  return c.access(cstring(path), W_OK) === 0
}

/** Whether the caller may execute a path: 0, or the error number that says why not. */
export function checkExecutable(path: Uint8Array): number {
  return c.access(cstring(path), X_OK) === 0 ? 0 : errno()
}

export function isDirectory(path: Uint8Array): boolean {
  const fd = c.open(cstring(path), O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
  if (fd >= 0) c.close(fd)
  return fd >= 0
}

/**
 * Writes all bytes, waiting where the descriptor is non-blocking and full.
 *
 * @returns 0, or the error number that stopped it
 */
export function writeAll(fd: number, bytes: Uint8Array): number {
  for (let written = 0; written < bytes.length; ) {
    const count = Number(c.write(fd, ptr(bytes, written), bytes.length - written))
    if (count >= 0) written += count
    else {
      const error = errno()
      if (error === EAGAIN) poll(fd, POLLOUT, -1)
      else if (error !== EINTR) return error
    }
  }
  return 0
}

export function isTerminal(fd: number): boolean {
  return c.isatty(fd) === 1
}

/** How wide the terminal behind a descriptor is; 80 where it does not tell. */
export function terminalColumns(fd: number): number {
  return terminalSize(fd)[1] || 80
}

/** How high the terminal behind a descriptor is; 24 where it does not tell. */
export function terminalRows(fd: number): number {
  return terminalSize(fd)[0] || 24
}

function terminalSize(fd: number): [rows: number, columns: number] {
  // struct winsize: rows, columns, and two more.
  const size = new Uint16Array(4)
  const [rows = 0, columns = 0] = c.ioctl(fd, TIOCGWINSZ, size) === 0 ? size : []
  return [rows, columns]
}

/** The modes of the terminal behind a descriptor, to be changed and to be put back: struct termios. */
export function terminalModes(fd: number): Uint8Array {
  const modes = new Uint8Array(60)
  c.tcgetattr(fd, modes)
  return modes
}

export function setTerminalModes(fd: number, modes: Uint8Array): void {
  c.tcsetattr(fd, TCSADRAIN, modes)
}

/** Modes in which each key comes at once and is not shown, and Ctrl-S does not stop the output. Ctrl-C and Ctrl-Z stay signals. */
export function keyByKey(modes: Uint8Array): Uint8Array {
  const changed = modes.slice()
  // c_iflag, c_oflag, c_cflag, c_lflag; behind them c_line, and then the control characters.
  const flags = new Uint32Array(changed.buffer, 0, 4)
  flags[0] = (flags[0] ?? 0) & ~IXON
  flags[3] = (flags[3] ?? 0) & ~(ICANON | ECHO)
  changed[17 + VTIME] = 0
  changed[17 + VMIN] = 1
  return changed
}

/** Waits for one descriptor. @returns whether it became ready before the time was over */
function poll(fd: number, events: number, timeoutMs: number): boolean {
  const request = new Int32Array([fd, events])
  return c.poll(request, 1, timeoutMs) > 0
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
  const fd = c.inotify_init1(IN_NONBLOCK_CLOEXEC)
  if (fd < 0) return -1
  if (c.inotify_add_watch(fd, cstring(path), IN_CLOSE_NOWRITE) >= 0) return fd
  c.close(fd)
  return -1
}

/** Reads away all that made a watch readable. */
export function drainWatch(fd: number): void {
  const events = new Uint8Array(4096)
  while (Number(c.read(fd, events, events.length)) > 0);
}

/** Whether there is something to read right now, the end included. */
export function isReadable(fd: number): boolean {
  return poll(fd, POLLIN, 0)
}

/** Sleeps until one of the descriptors is readable. @returns whether one is, and not just the time over */
export function waitForAny(fds: readonly number[], timeoutMs: number): boolean {
  // struct pollfd: the descriptor, then the events wanted and (left 0) those that came.
  const requests = new Int32Array(fds.flatMap(fd => [fd, POLLIN]))
  return c.poll(requests, fds.length, Math.min(timeoutMs, 2 ** 31 - 1)) > 0
}

/** The kernel's answer to "is there a process with this pid": `hidden` when it exists but belongs to somebody else. */
export function processExists(pid: number): 'yes' | 'hidden' | 'no' {
  if (c.kill(pid, 0) === 0) return 'yes'
  return errno() === EPERM ? 'hidden' : 'no'
}

/** A descriptor that becomes readable when the process ends, or -1 (no such process, or a kernel before 5.3). */
export function openPidfd(pid: number): number {
  return Number(c.syscall(SYS_PIDFD_OPEN, pid, 0))
}

/** Sleeps until the process behind a pidfd ends; with -1 it only sleeps. @returns whether it has ended */
export function waitForEnd(pidfd: number, timeoutMs: number): boolean {
  return poll(pidfd, POLLIN, timeoutMs)
}

/** The login shell of a user in the passwd database, null when it names none. */
export function passwdShell(uid: number): string | null {
  const entry = c.getpwuid(uid)
  if (entry === null) return null
  // pw_shell stands behind pw_name, pw_passwd, pw_uid and pw_gid, pw_gecos and pw_dir: five words.
  return text(read.ptr(entry, 5 * 8)) || null
}

/** Sleeps in the kernel: nothing else goes on in this process. */
export function sleep(ms: number): void {
  if (ms > 0) poll(-1, 0, ms)
}

/** The name of a user in the passwd database (files, LDAP, whatever the host is set up for), null when it has none. */
export function passwdName(uid: number): string | null {
  const entry = c.getpwuid(uid)
  if (entry === null) return null
  // pw_name is the first field of struct passwd.
  return text(read.ptr(entry, 0))
}

/** The home directory of a user in the passwd database, null when there is none. */
export function passwdHome(uid: number): string | null {
  const entry = c.getpwuid(uid)
  if (entry === null) return null
  // pw_dir comes behind two pointers, two ids and pw_gecos.
  return text(read.ptr(entry, 32)) || null
}

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
  if (c.flock(fd, LOCK_EX | LOCK_NB) === 0) return true
  // sigset_t is 128 bytes in glibc; signal n is bit n - 1.
  const alarmOnly = new Uint8Array(128)
  alarmOnly[(SIGALRM - 1) >> 3] = 1 << ((SIGALRM - 1) & 7)
  const callersMask = new Uint8Array(128)
  c.pthread_sigmask(SIG_UNBLOCK, alarmOnly, callersMask)
  const callersHandler = c.signal(SIGALRM, (c.abs as unknown as { ptr: Pointer }).ptr)
  c.siginterrupt(SIGALRM, 1)
  const startedAt = Date.now()
  const callersAlarm = c.alarm(timeoutSeconds)
  const deadline = startedAt + timeoutSeconds * 1000
  let locked = false
  do locked = c.flock(fd, LOCK_EX) === 0
  while (!locked && errno() === EINTR && Date.now() < deadline)
  c.alarm(0)
  c.signal(SIGALRM, callersHandler)
  c.pthread_sigmask(SIG_SETMASK, callersMask, null)
  if (callersAlarm > 0) c.alarm(Math.max(1, callersAlarm - Math.floor((Date.now() - startedAt) / 1000)))
  return locked
}

/** Takes the exclusive flock(2) of an open file if nobody has it. @returns whether it was taken */
export function tryLock(fd: number): boolean {
  return c.flock(fd, LOCK_EX | LOCK_NB) === 0
}

/**
 * Ends the process at once: nothing is flushed, closed or finalized but by the kernel.
 *
 * The runtime's own exit closes SQLite's connections, and a connection that closes last moves the whole -wal into the
 * database with four disk flushes: 4 ms on a quick disk, for nothing, since the next command goes on where this one was.
 */
export function exitNow(status: number): void {
  c._exit(status)
}

/**
 * The local date and time of an instant, as the C library knows the time zone.
 *
 * @returns [year, month from 1, day, hour, minute, second]
 */
export function localTime(at: number): number[] {
  const time = new BigInt64Array([BigInt(Math.floor(at / 1000))])
  // struct tm: nine ints from the seconds up, then two words; tm(3type).
  const tm = new Int32Array(16)
  c.localtime_r(time, tm)
  const [second = 0, minute = 0, hour = 0, day = 0, month = 0, year = 0] = tm
  return [year + 1900, month + 1, day, hour, minute, second]
}

/**
 * The instants at which the local clock shows a date and time, ascending: none when it skips that time, two when it is set
 * back over it. Days beyond the end of a month count on into the next.
 */
export function instantsShown([year, month, day, hour, minute, second]: LocalTime): number[] {
  const shown = (isSummerTime: number): number => {
    const tm = new Int32Array(16)
    tm.set([second, minute, hour, day, month - 1, year - 1900, 0, 0, isSummerTime])
    const at = Number(c.mktime(tm)) * 1000
    // Told the wrong season, or a time that is skipped, mktime moves to another time of day; mktime(3).
    return tm[0] === second && tm[1] === minute && tm[2] === hour ? at : NaN
  }
  const instants = [shown(-1), shown(0), shown(1)].filter(at => !Number.isNaN(at))
  return [...new Set(instants)].sort((a, b) => a - b)
}

/** Year, month from 1, day, hour, minute, second. */
export type LocalTime = readonly [number, number, number, number, number, number]

/** Gives a signal its default action. */
export function resetSignal(signal: number): void {
  c.signal(signal, null)
}

/** Stops this process by a signal, as if nothing had ever caught it. It returns when the process goes on, or was not stopped. */
export function stopBy(signal: number): void {
  resetSignal(signal)
  c.kill(process.pid, signal)
  // Another thread may be the one that gets it.
  c.poll(null, 0, 10)
}

/** Ends this process by a signal, as if nothing had ever caught it. */
export function dieBy(signal: number): void {
  resetSignal(signal)
  c.kill(process.pid, signal)
  // Another thread may be the one that gets it: until then nothing else is to happen here.
  c.poll(null, 0, 1000)
}

/** Whether a descriptor is open and marked close-on-exec. */
export function isCloseOnExec(fd: number): boolean {
  return c.fcntl(fd, F_GETFD, 0) === 1
}

/** Closes a descriptor on exec. */
export function closeOnExec(fd: number): void {
  c.fcntl(fd, F_SETFD, FD_CLOEXEC)
}

/** Lets a descriptor live on across exec. */
export function keepOnExec(fd: number): void {
  c.fcntl(fd, F_SETFD, 0)
}

/** The limits on open files: [soft, hard]. */
export function openFileLimits(): [soft: bigint, hard: bigint] {
  const limits = new BigUint64Array(2)
  c.getrlimit(RLIMIT_NOFILE, limits)
  return [limits[0] ?? 0n, limits[1] ?? 0n]
}

export function setOpenFileLimits(soft: bigint, hard: bigint): void {
  c.setrlimit(RLIMIT_NOFILE, new BigUint64Array([soft, hard]))
}

/**
 * Replaces this process by a program. It returns only when that failed.
 *
 * @returns the error number
 */
export function execve(file: Uint8Array, argv: readonly Uint8Array[], env: readonly Uint8Array[]): number {
  const [argvStrings, envStrings] = [argv.map(cstring), env.map(cstring)]
  c.execve(cstring(file), pointers(argvStrings), pointers(envStrings))
  return errno()
}

/** A NULL-terminated array of addresses. The strings must be kept alive by the caller. */
function pointers(strings: readonly Uint8Array[]): BigUint64Array {
  return new BigUint64Array([...strings.map(string => BigInt(ptr(string))), 0n])
}
