import { close } from '../../system/libc/files.ts'
import { openPidfd, processExists } from '../../system/libc/processes.ts'
import { waitForAny } from '../../system/libc/waiting.ts'
import type { Listener } from '../store.ts'
import { ANSWER_TIMEOUT_MS, CONNECT_TIMEOUT_MS } from './client.ts'
import { Connection, ConnectionError, LoginError } from './connection.ts'
import { connectionFailure, loginFailure, replyFailure } from './failure.ts'
import { ReplyError } from './resp.ts'
import type { RedisPlace } from './url.ts'

/** What nobody tells of is looked at this often. */
const WITHOUT_NOTICE_MS = 1000

/** How long the runtime may take to take in what the kernel has for it already. */
const TAKE_IN_MS = 100

/** Hears of updates from the server, and of the ends of processes from the kernel, asleep in the kernel for both at once. */
export class RedisListener implements Listener {
  private isHeard = false

  private constructor(
    private readonly place: RedisPlace,
    private readonly channel: string,
    private connection: Connection,
  ) {
    this.hear(connection)
  }

  /** Begins to listen: from its return on no update is missed. @throws {UserError} */
  static async start(place: RedisPlace, channel: string): Promise<RedisListener> {
    try {
      return new RedisListener(place, channel, await subscribe(place, channel))
    } catch (error) {
      if (error instanceof LoginError) throw loginFailure(error.reply, place)
      if (error instanceof ConnectionError) throw connectionFailure(error, place, false)
      throw error
    }
  }

  async wait(pids: readonly number[], timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    const pidfds = pids.map(openPidfd)
    try {
      const unseen = pids.filter((_, place) => pidfds[place] === -1)
      for (;;) {
        if (this.isHeard || unseen.some(pid => processExists(pid) === 'no')) return this.heard()
        const isNew = !this.connection.isOpen && (await this.reconnect())
        // Nobody knows what was said in between.
        if (isNew) return this.heard()
        const leftMs = Math.max(0, Math.ceil(deadline - performance.now()))
        const { isOpen, fd } = this.connection
        const hasNotice = isOpen && fd >= 0 && unseen.length === 0
        const boundMs = hasNotice ? leftMs : Math.min(leftMs, WITHOUT_NOTICE_MS)
        const isWoken = waitForAny(isOpen && fd >= 0 ? [fd, ...pidfds] : pidfds, boundMs)
        if (waitForAny(pidfds, 0)) return this.heard()
        if (isWoken) await this.connection.takeIn(TAKE_IN_MS)
        else if (!hasNotice) return true
        else if (performance.now() >= deadline) return this.isHeard && this.heard()
      }
    } finally {
      for (const fd of pidfds) if (fd >= 0) close(fd)
    }
  }

  close(): void {
    this.connection.close()
  }

  private heard(): true {
    this.isHeard = false
    return true
  }

  private hear(connection: Connection): void {
    this.connection = connection
    connection.onMessage = () => {
      this.isHeard = true
    }
  }

  private async reconnect(): Promise<boolean> {
    try {
      this.hear(await subscribe(this.place, this.channel))
      return true
    } catch {
      return false
    }
  }
}

async function subscribe(place: RedisPlace, channel: string): Promise<Connection> {
  const connection = await Connection.open(place, CONNECT_TIMEOUT_MS)
  const [reply] = await connection.ask([['SUBSCRIBE', channel]], ANSWER_TIMEOUT_MS)
  if (!(reply instanceof ReplyError)) return connection
  connection.close()
  throw replyFailure(reply, place)
}
