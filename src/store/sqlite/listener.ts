import { close } from '../../system/libc/files.ts'
import { openPidfd, processExists } from '../../system/libc/processes.ts'
import { drainWatch, waitForAny, watchCloses } from '../../system/libc/waiting.ts'
import type { Listener } from '../store.ts'
import { lockPath } from './lock.ts'

/** What the kernel cannot tell of is looked at this often: as often as an idle waiter ever may. */
const WITHOUT_NOTICE_MS = 1000

/**
 * Listens for updates of a pool file: every update closes the lock file after it has written, and the kernel tells of that.
 * So nobody has to ring a bell, and nobody can forget to.
 */
export class SqliteListener implements Listener {
  private readonly watch: number

  constructor(path: string) {
    this.watch = watchCloses(lockPath(path))
  }

  async wait(pids: readonly number[], timeoutMs: number): Promise<boolean> {
    const pidfds = pids.map(openPidfd)
    try {
      const unseen = pids.filter((_, place) => pidfds[place] === -1)
      if (unseen.some(pid => processExists(pid) === 'no')) return true
      const hasNotice = this.watch >= 0 && unseen.length === 0
      const boundMs = hasNotice ? timeoutMs : Math.min(timeoutMs, WITHOUT_NOTICE_MS)
      const woken = waitForAny([this.watch, ...pidfds], boundMs)
      if (this.watch >= 0) drainWatch(this.watch)
      return woken || !hasNotice
    } finally {
      for (const fd of pidfds) if (fd >= 0) close(fd)
    }
  }

  close(): void {
    if (this.watch >= 0) close(this.watch)
  }
}
