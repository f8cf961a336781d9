import { statSync } from 'node:fs'
import type { LockingProcess } from '../../core/errors.ts'
import { readText } from '../../system/libc/files.ts'
import { processOwner } from '../../system/user-name.ts'

/**
 * The process that holds a write lock on one of these files, as /proc/locks tells it; null when none can be seen.
 *
 * @param paths the first that is locked decides
 */
export function findLockingProcess(paths: readonly string[]): LockingProcess | null {
  const locks = (readText('/proc/locks')?.split('\n') ?? []).map(line => {
    // `1: POSIX  ADVISORY  WRITE 1234 08:01:5678 120 120`; one that waits has `->` behind the number, and so a field more.
    const [, , , access, pid, file] = line.trim().split(/\s+/)
    return { access, pid: Number(pid), file }
  })
  for (const inode of paths.map(inodeOf)) {
    const isHeld = (lock: (typeof locks)[number]) => lock.access === 'WRITE' && lock.file === inode
    const lock = locks.find(lock => isHeld(lock) && lock.pid > 0 && lock.pid !== process.pid)
    if (inode !== null && lock) return describe(lock.pid)
  }
  return null
}

/** A file as /proc/locks names it: the device's major and minor number in hexadecimal, and the inode. */
function inodeOf(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return null
  // The numbers packed in dev_t; makedev(3).
  const major = ((stat.dev >>> 8) & 0xfff) | 0
  const minor = (stat.dev & 0xff) | ((stat.dev >>> 12) & 0xfff00)
  const hex = (number: number) => number.toString(16).padStart(2, '0')
  return `${hex(major)}:${hex(minor)}:${stat.ino}`
}

function describe(pid: number): LockingProcess | null {
  const userName = processOwner(pid)
  if (userName === null) return null
  const command = readText(`/proc/${pid}/comm`)?.trim() ?? 'unknown'
  return { pid, userName, command }
}
