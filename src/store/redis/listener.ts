import { close, readLink } from '../../system/libc/files.ts'
import { openDescriptors } from '../../system/libc/inheritance.ts'
import { openPidfd, processExists } from '../../system/libc/processes.ts'
import { waitForAny } from '../../system/libc/waiting.ts'
import type { Listener } from '../store.ts'
import { ANSWER_TIMEOUT_MS } from './client.ts'
import { Connection, ConnectionError, LoginError } from './connection.ts'
import { connectionFailure, loginFailure, replyFailure } from './failure.ts'
import type { RedisPlace } from './url.ts'

/** What nobody tells of is looked at this often. */
const WITHOUT_NOTICE_MS = 1000

/** How long the runtime may take to take in what the kernel has for it already. */
const TAKE_IN_MS = 100

/** No process here has more descriptors open than a few dozen. */
const MOST_DESCRIPTORS = 1024

/** Hears of updates from the server, and of the ends of processes from the kernel, asleep in the kernel for both at once. */
export class RedisListener implements Listener {
  private isHeard = false
  private wake: (() => void) | null = null
  private connection: Connection | null = null
  /** The socket of the connection, which is readable when the server has said something; -1 where nobody knows it. */
  private fd = -1

  private constructor(
    private readonly place: RedisPlace,
    private readonly channel: string,
  ) {}

  /** Begins to listen: from its return on no update is missed. @throws {UserError} */
  static async start(place: RedisPlace, channel: string): Promise<RedisListener> {
    const listener = new RedisListener(place, channel)
    try {
      await listener.connect()
      return listener
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
        const isNew = !this.connection?.isOpen && (await this.reconnect())
        // Nobody knows what was said in between.
        if (isNew) return this.heard()
        const leftMs = Math.max(0, Math.ceil(deadline - performance.now()))
        const isListening = Boolean(this.connection?.isOpen) && this.fd >= 0
        const hasNotice = isListening && unseen.length === 0
        const boundMs = hasNotice ? leftMs : Math.min(leftMs, WITHOUT_NOTICE_MS)
        const isWoken = waitForAny(isListening ? [this.fd, ...pidfds] : pidfds, boundMs)
        if (waitForAny(pidfds, 0)) return this.heard()
        if (isWoken) await this.takeIn()
        else if (!hasNotice) return true
        else if (performance.now() >= deadline) return this.isHeard && this.heard()
      }
    } finally {
      for (const fd of pidfds) if (fd >= 0) close(fd)
    }
  }

  close(): void {
    this.connection?.close()
  }

  private heard(): true {
    this.isHeard = false
    return true
  }

  /** Waits for the runtime to take in what has come. */
  private async takeIn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, TAKE_IN_MS)
    this.wake = resolve
    await promise
    clearTimeout(timer)
    this.wake = null
  }

  private async connect(): Promise<void> {
    const before = sockets()
    const connection = await Connection.open(this.place, ANSWER_TIMEOUT_MS)
    const refusal = await connection.subscribe(
      this.channel,
      () => {
        this.isHeard = true
        this.wake?.()
      },
      ANSWER_TIMEOUT_MS,
    )
    if (refusal) {
      connection.close()
      throw replyFailure(refusal, this.place)
    }
    const own = [...sockets()].flatMap(([fd, inode]) => (before.get(fd) === inode ? [] : [fd]))
    this.connection = connection
    // The runtime does not tell it. Where another socket was opened meanwhile, nobody can say which of them it is.
    this.fd = own.length === 1 ? (own[0] ?? -1) : -1
  }

  private async reconnect(): Promise<boolean> {
    try {
      await this.connect()
      return true
    } catch {
      return false
    }
  }
}

/** The sockets that this process has open, and what tells each from all others. */
function sockets(): Map<number, string> {
  return new Map(
    openDescriptors(MOST_DESCRIPTORS).flatMap((fd): [number, string][] => {
      const link = readLink(`/proc/self/fd/${fd}`)
      return link?.startsWith('socket:') ? [[fd, link]] : []
    }),
  )
}
