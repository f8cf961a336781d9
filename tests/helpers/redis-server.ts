import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { keepersOfStores } from './running.ts'
import type { Place } from './stores.ts'
import { temporaryDirectory } from './temporary.ts'
import { until } from './until.ts'

let places = 0

/** A real redis-server of our own: on a Unix socket in a temporary directory, with nothing on disk unless a test wants it. */
export class RedisServer {
  readonly directory = temporaryDirectory()
  readonly socket = join(this.directory.path, 'redis.sock')
  /** 0 where it listens on its socket alone. */
  port = 0
  private process: Bun.Subprocess | null = null

  /** The port of 127.0.0.1 on which it speaks TLS; 0 for none. */
  tlsPort = 0

  private constructor(private options: readonly string[]) {}

  /** @param options as on its command line */
  static async start(...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(options)
    await server.start()
    return server
  }

  /** One that listens on a port of 127.0.0.1, too. */
  static async startOnPort(...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(options)
    server.port = freePort()
    await server.start()
    return server
  }

  /** One that speaks TLS on a port, too, with clients that have a certificate. */
  static async startWithTls(files: { ca: string; cert: string; key: string }): Promise<RedisServer> {
    const server = new RedisServer([])
    server.tlsPort = freePort()
    const { ca, cert, key } = files
    server.options = [
      ...['--tls-port', String(server.tlsPort), '--bind', '127.0.0.1', '127.0.0.2'],
      ...['--tls-ca-cert-file', ca, '--tls-cert-file', cert, '--tls-key-file', key],
    ]
    await server.start()
    return server
  }

  /** Starts it, again after `kill` say, and waits until it answers. */
  async start(): Promise<void> {
    rmSync(this.socket, { force: true })
    const base = [
      '--port',
      String(this.port),
      '--unixsocket',
      this.socket,
      '--unixsocketperm',
      '777',
      '--save',
      '',
    ]
    this.process = Bun.spawn(['redis-server', ...base, '--dir', this.directory.path, ...this.options], {
      stdio: ['ignore', 'ignore', 'ignore'],
    })
    await until(() => this.answers())
  }

  get pid(): number {
    return this.process?.pid ?? 0
  }

  get base(): string {
    return `redis+unix://${this.socket}`
  }

  /** The URL of a host's pool on it. */
  url(host: string, login = ''): string {
    return `redis+unix://${login}${this.socket}?host=${host}`
  }

  /** A pool that no other test has. */
  place = (): Place => ({ url: this.url(`host-${++places}`), [Symbol.dispose]: () => {} })

  /** What redis-cli prints. */
  async cli(...words: string[]): Promise<string> {
    const child = Bun.spawn(['redis-cli', '-s', this.socket, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return (await child.stdout.text()).trimEnd()
  }

  /** Ends it at once, as a power failure would. */
  async kill(): Promise<void> {
    this.process?.kill('SIGKILL')
    await this.process?.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A keeper would wait for ever for this server to come back.
    const names = [this.directory.path, ...this.ports.map(port => `:${port}/`)]
    for (const pid of keepersOfStores(url => names.some(name => url.includes(name))))
      process.kill(pid, 'SIGKILL')
    await this.kill()
    this.directory[Symbol.dispose]()
  }

  private get ports(): number[] {
    return [this.port, this.tlsPort].filter(port => port > 0)
  }

  private async answers(): Promise<boolean> {
    return /^PONG$|NOAUTH/.test(await this.cli('PING'))
  }
}

/** A port that nobody listens on now. */
export function freePort(): number {
  using listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  return listener.port
}
