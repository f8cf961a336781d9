import { close, openForReading } from '../../system/libc/files.ts'
import { lockExclusively, tryLock } from '../../system/libc/locks.ts'

/** How long a command waits for its turn, in seconds. */
export const LOCK_TIMEOUT_SECONDS = 5
export const BUSY_TIMEOUT_MS = LOCK_TIMEOUT_SECONDS * 1000

/** The file whose flock(2) is the line in front of the store. It stays empty. */
export function lockPath(path: string): string {
  return `${path}-lock`
}

/**
 * Waits for its turn in front of the store. SQLite's own waiting is polling, where a crowd starves the unlucky; this line
 * is served in order. It is for fairness alone: safety is SQLite's lock, so a missing lock file does no harm.
 *
 * @throws {StoreBusyError} when its turn does not come within LOCK_TIMEOUT_SECONDS
 */
export async function inLine<T>(path: string, act: () => T): Promise<T> {
  const fd = openForReading(lockPath(path))
  try {
    if (fd >= 0 && !lockExclusively(fd, LOCK_TIMEOUT_SECONDS)) {
      const { storeBusy } = await import('./failure.ts')
      throw storeBusy(path)
    }
    return act()
  } finally {
    if (fd >= 0) close(fd)
  }
}

/**
 * Acts unless another process is acting. What is locked is the pool's directory: a descriptor of the pool file that is closed
 * would end SQLite's own locks on it, and the lock file is the line's.
 */
export async function alone<T>(path: string, act: () => Promise<T>): Promise<T | null> {
  const fd = openForReading(path.slice(0, path.lastIndexOf('/') + 1))
  try {
    return fd < 0 || tryLock(fd) ? await act() : null
  } finally {
    if (fd >= 0) close(fd)
  }
}
