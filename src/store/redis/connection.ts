import { readRegularFile } from '../../system/libc/files.ts'
import { textOf } from '../../system/text.ts'
import { encodeCommand, ProtocolError, type Reply, ReplyError, ReplyReader } from './resp.ts'
import type { RedisPlace } from './url.ts'

/** Why a server cannot be used now: `no-answer` after the time is over, `cut` where a connection ended. */
export class ConnectionError extends Error {
  constructor(
    readonly kind: 'unreachable' | 'no-answer' | 'cut' | 'untrusted' | 'not-redis' | 'file',
    readonly reason: string,
    /** Whether something was asked that may have been done. */
    readonly wasAsked: boolean,
  ) {
    super(reason)
  }
}

/** The server's refusal to let us in. */
export class LoginError extends Error {
  constructor(readonly reply: ReplyError) {
    super(reply.text)
  }
}

interface Question {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

/**
 * One connection to a server.
 *
 * The runtime's own client for Redis is not used: it says "Connection closed" to a wrong password, a missing server and a
 * missing socket alike, and it does not tell its descriptor, on which whoever waits sleeps in the kernel.
 */
export class Connection {
  private socket: Bun.Socket<undefined> | null = null
  private readonly questions: Question[] = []
  private readonly reader = new ReplyReader()
  private unsent: Buffer = Buffer.alloc(0)
  private failure: ConnectionError | null = null
  /** Told what comes without having been asked for: messages of a channel. */
  onMessage: (() => void) | null = null
  private wake: (() => void) | null = null

  private constructor() {}

  /**
   * Connects and logs in.
   *
   * @throws {ConnectionError}
   * @throws {LoginError}
   */
  static async open(place: RedisPlace, timeoutMs: number): Promise<Connection> {
    const connection = new Connection()
    await withDeadline(timeoutMs, connection, connection.connect(place))
    await connection.logIn(place, timeoutMs)
    return connection
  }

  get isOpen(): boolean {
    return this.failure === null
  }

  /** The descriptor, which is readable when the server has said something; -1 where nobody knows it. */
  get fd(): number {
    return (this.socket as { fd?: number } | null)?.fd ?? -1
  }

  /** Asks questions, all in one go. @throws {ConnectionError} */
  async ask(commands: readonly (readonly string[])[], timeoutMs: number): Promise<Reply[]> {
    if (this.failure) throw this.failure
    const replies = commands.map(() => this.nextReply())
    this.write(commands.map(encodeCommand).join(''))
    return withDeadline(timeoutMs, this, Promise.all(replies))
  }

  /** Waits for the runtime to take what has come in, but no longer than some time. */
  async takeIn(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timeoutMs)
    this.wake = resolve
    await promise
    clearTimeout(timer)
    this.wake = null
  }

  close(): void {
    this.fail('cut', 'closed by us')
  }

  /** @returns why it failed, this time or before */
  fail(kind: ConnectionError['kind'], reason: string): ConnectionError {
    const failure = this.failure ?? new ConnectionError(kind, reason, this.questions.length > 0)
    this.failure = failure
    this.socket?.terminate()
    for (const { reject } of this.questions.splice(0)) reject(failure)
    this.wake?.()
    return failure
  }

  private async connect({ target, tls }: RedisPlace): Promise<void> {
    const { promise: ready, resolve: opened, reject: refused } = Promise.withResolvers<void>()
    ready.catch(() => {})
    const handlers: Bun.SocketHandler<undefined> = {
      open: () => {
        if (!tls) opened()
      },
      handshake: (_, success, error) => {
        if (success && !error) opened()
        else refused(new ConnectionError('untrusted', error?.message ?? 'the handshake failed', false))
      },
      data: (_, chunk) => this.takeChunk(chunk),
      drain: () => this.flush(),
      close: () => {
        refused(new ConnectionError(tls ? 'untrusted' : 'cut', 'the server closed the connection', false))
        this.fail('cut', 'the server closed the connection')
      },
      error: (_, error) => void this.fail('cut', error.message),
    }
    try {
      this.socket = await (target.kind === 'unix'
        ? Bun.connect({ unix: target.path, socket: handlers })
        : Bun.connect({
            hostname: target.hostname,
            port: target.port,
            socket: handlers,
            ...(tls && { tls: { ...tlsFiles(tls), rejectUnauthorized: true } }),
          }))
    } catch (error) {
      if (error instanceof ConnectionError) throw error
      const { code, message } = error as { code?: string; message: string }
      throw new ConnectionError('unreachable', whyUnreachable(code) ?? message, false)
    }
    if (this.failure) this.socket?.terminate()
    await ready
  }

  /** Awaited before anything is asked: a server that knows us not would do it as somebody else, or to another database. */
  private async logIn({ user, password, database }: RedisPlace, timeoutMs: number): Promise<void> {
    const words: string[][] = []
    if (password !== null) words.push(user === null ? ['AUTH', password] : ['AUTH', user, password])
    if (database !== 0) words.push(['SELECT', String(database)])
    if (words.length === 0) return
    const replies = await this.ask(words, timeoutMs)
    const refusal = replies.find(reply => reply instanceof ReplyError)
    if (!refusal) return
    this.close()
    throw new LoginError(refusal)
  }

  private nextReply(): Promise<Reply> {
    return new Promise((resolve, reject) => this.questions.push({ resolve, reject }))
  }

  private write(text: string): void {
    this.unsent = Buffer.concat([this.unsent, Buffer.from(text)])
    this.flush()
  }

  private flush(): void {
    if (this.unsent.length === 0 || !this.socket) return
    const count = this.socket.write(this.unsent)
    if (count < 0) this.fail('cut', 'the connection is closed')
    else this.unsent = this.unsent.subarray(count)
  }

  private takeChunk(chunk: Uint8Array): void {
    try {
      this.reader.take(chunk)
      for (let reply = this.reader.next(); reply !== undefined; reply = this.reader.next()) {
        const isMessage = Array.isArray(reply) && reply[0] === 'message'
        if (isMessage && this.onMessage) this.onMessage()
        else this.questions.shift()?.resolve(reply)
      }
      this.wake?.()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.fail('not-redis', error.message)
    }
  }
}

/** Nothing is waited for longer; a connection on which something was not answered in time is not used again. */
async function withDeadline<T>(timeoutMs: number, connection: Connection, answer: Promise<T>): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(connection.fail('no-answer', `no answer within ${timeoutMs / 1000}s`)),
    timeoutMs,
  )
  try {
    return await Promise.race([answer, over])
  } finally {
    clearTimeout(timer)
  }
}

function tlsFiles(tls: NonNullable<RedisPlace['tls']>): { ca?: string; cert?: string; key?: string } {
  const texts = Object.entries(tls).flatMap(([name, path]) => (path === null ? [] : [[name, pem(path)]]))
  return Object.fromEntries(texts)
}

function pem(path: string): string {
  const content = readRegularFile(path, 1 << 20)
  if (typeof content === 'number') throw new ConnectionError('file', path, false)
  return textOf(content)
}

function whyUnreachable(code: string | undefined): string | null {
  switch (code) {
    case 'ENOENT':
      return 'there is no such socket'
    case 'ECONNREFUSED':
      return 'nobody listens there'
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'ENOTFOUND':
      return 'there is no host of this name'
    default:
      return code ?? null
  }
}
