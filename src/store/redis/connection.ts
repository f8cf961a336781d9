import { RedisClient } from 'bun'
import { readRegularFile } from '../../system/libc/files.ts'
import { textOf } from '../../system/text.ts'
import { type Reply, ReplyError } from './reply.ts'
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

/** The largest PEM file. */
const MOST_BYTES = 1 << 20

/** One connection to a server, by the runtime's client, which neither connects again nor asks anything twice here. */
export class Connection {
  private constructor(private readonly client: RedisClient) {}

  /**
   * Connects and logs in: before that has succeeded nothing is asked.
   *
   * @throws {ConnectionError}
   * @throws {LoginError}
   */
  static async open(place: RedisPlace, timeoutMs: number): Promise<Connection> {
    const client = new RedisClient(clientUrl(place), {
      autoReconnect: false,
      connectionTimeout: timeoutMs,
      ...(place.tls && { tls: { ...tlsFiles(place.tls), rejectUnauthorized: true } }),
    })
    const connection = new Connection(client)
    try {
      // Its `connect` would call every refusal a closed connection; a question tells which it was.
      await within(timeoutMs, client.send('SELECT', [String(place.database)]), false)
      return connection
    } catch (error) {
      connection.close()
      throw refusal(error, place, timeoutMs)
    }
  }

  get isOpen(): boolean {
    return this.client.connected
  }

  /** Asks questions, all in one go. @throws {ConnectionError} after which this connection is of no more use */
  async ask(commands: readonly (readonly string[])[], timeoutMs: number): Promise<Reply[]> {
    try {
      return await within(timeoutMs, Promise.all(commands.map(command => this.send(command))), true)
    } catch (error) {
      this.close()
      if (error instanceof ConnectionError) throw error
      throw new ConnectionError('cut', 'the server closed the connection', true)
    }
  }

  /**
   * Hears what is said on a channel; from its return on nothing is missed.
   *
   * @param onChange is told of each message, and of the end of the connection
   * @returns the refusal, if the server refuses
   * @throws {ConnectionError}
   */
  async subscribe(channel: string, onChange: () => void, timeoutMs: number): Promise<ReplyError | null> {
    this.client.onclose = onChange
    try {
      await within(timeoutMs, this.client.subscribe(channel, onChange), false)
      return null
    } catch (error) {
      this.close()
      if (error instanceof ConnectionError) throw error
      return replyIn(error) ?? raise(new ConnectionError('cut', 'the server closed the connection', false))
    }
  }

  close(): void {
    this.client.close()
  }

  private async send([name = '', ...words]: readonly string[]): Promise<Reply> {
    try {
      return (await this.client.send(name, words)) as Reply
    } catch (error) {
      return replyIn(error) ?? raise(error)
    }
  }
}

function raise(error: unknown): never {
  throw error
}

/** Nothing is waited for longer. @throws {ConnectionError} */
async function within<T>(timeoutMs: number, answer: Promise<T>, wasAsked: boolean): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(noAnswer(timeoutMs, wasAsked)), timeoutMs)
  try {
    return await Promise.race([answer, over])
  } finally {
    clearTimeout(timer)
  }
}

function noAnswer(timeoutMs: number, wasAsked: boolean): ConnectionError {
  return new ConnectionError('no-answer', `no answer within ${timeoutMs / 1000}s`, wasAsked)
}

/** What a server has said, if it was a server that spoke. */
function replyIn(error: unknown): ReplyError | null {
  const { code = '', message } = error as { code?: string; message: string }
  return /^ERR_REDIS_(SERVER_ERROR|INVALID_COMMAND|AUTHENTICATION_FAILED)$/.test(code)
    ? new ReplyError(message)
    : null
}

/** Why there is no connection. */
function refusal(error: unknown, { tls }: RedisPlace, timeoutMs: number): ConnectionError | LoginError {
  if (error instanceof ConnectionError) return error
  const reply = replyIn(error)
  if (reply) return new LoginError(reply)
  const { code = '', message } = error as { code?: string; message: string }
  if (code === 'ERR_REDIS_CONNECTION_TIMEOUT') return noAnswer(timeoutMs, false)
  if (code.startsWith('ERR_REDIS_INVALID_RESPONSE')) return new ConnectionError('not-redis', message, false)
  if (code === 'ERR_REDIS_CONNECTION_CLOSED')
    return new ConnectionError('unreachable', 'nobody answers there', false)
  return new ConnectionError(tls ? 'untrusted' : 'unreachable', message, false)
}

function clientUrl({ target, user, password, tls }: RedisPlace): string {
  const login = password === null ? '' : `${encodeURIComponent(user ?? '')}:${encodeURIComponent(password)}@`
  // The runtime wants the name of a server in every URL with a login.
  if (target.kind === 'unix') return `redis+unix://${login && `${login}localhost`}${encodeURI(target.path)}`
  const name = target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname
  return `${tls ? 'rediss' : 'redis'}://${login}${name}:${target.port}`
}

function tlsFiles(tls: NonNullable<RedisPlace['tls']>): { ca?: string; cert?: string; key?: string } {
  const texts = Object.entries(tls).flatMap(([name, path]) => (path === null ? [] : [[name, pem(path)]]))
  return Object.fromEntries(texts)
}

function pem(path: string): string {
  const content = readRegularFile(path, MOST_BYTES)
  if (typeof content === 'number') throw new ConnectionError('file', path, false)
  return textOf(content)
}
