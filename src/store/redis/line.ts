import { close, openForReading } from '../../system/libc/files.ts'
import { lockExclusively } from '../../system/libc/locks.ts'

/** How long anybody stands in the line; then they go without it. */
const TIMEOUT_SECONDS = 5

let isHeldHere = false

/**
 * Waits for its turn among the commands of this host, who are the only ones that update its pool: whoever is overtaken
 * between reading and writing has to decide again, and in a crowd nobody would get on. The line is a lock on the program
 * itself, a file that all users of a host have and none of them needs to make. It is for quickness alone: safety is the
 * revision's.
 */
export async function inLine<T>(act: () => Promise<T>): Promise<T> {
  // Whoever waits in the kernel keeps all else in this process from going on, also what has the lock.
  const fd = isHeldHere ? -1 : openForReading(process.execPath)
  if (fd >= 0) {
    lockExclusively(fd, TIMEOUT_SECONDS)
    isHeldHere = true
  }
  try {
    return await act()
  } finally {
    if (fd >= 0) {
      close(fd)
      isHeldHere = false
    }
  }
}
