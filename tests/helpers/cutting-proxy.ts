import { join } from 'node:path'
import { temporaryDirectory } from './temporary.ts'

/** When a connection is cut: after so many bytes, or pieces, have gone one way; or never, and then nothing comes back. */
export type Cut =
  | { readonly way: 'to-server' | 'to-client'; readonly after: number; readonly of: 'bytes' | 'pieces' }
  | 'silent'

interface Pair {
  client: Bun.Socket<Pair>
  server: Bun.Socket<Pair> | null
  early: Uint8Array[]
  cut: Cut | null
  gone: number
}

/** Stands between canhazgpu and a server on Unix sockets, and cuts connections where a test wants it. */
export class CuttingProxy {
  private readonly directory = temporaryDirectory()
  readonly socket = join(this.directory.path, 'proxy.sock')
  /** How many connections there were. */
  connections = 0
  private readonly listener: { stop(isAtOnce: boolean): void }

  /** @param cutOf what happens to a connection, by its number from 0; null to leave it alone */
  constructor(
    private readonly target: string,
    private readonly cutOf: (connection: number) => Cut | null,
  ) {
    this.listener = Bun.listen<Pair>({
      unix: this.socket,
      socket: {
        open: client => this.accept(client),
        data: (client, chunk) => this.pass(client.data, 'to-server', chunk),
        close: client => {
          client.data.server?.end()
        },
      },
    })
  }

  url(host: string): string {
    return `redis+unix://${this.socket}?host=${host}`
  }

  [Symbol.dispose](): void {
    this.listener.stop(true)
    this.directory[Symbol.dispose]()
  }

  private async accept(client: Bun.Socket<Pair>): Promise<void> {
    const pair: Pair = { client, server: null, early: [], cut: this.cutOf(this.connections++), gone: 0 }
    client.data = pair
    if (pair.cut !== 'silent' && pair.cut?.after === 0) {
      client.end()
      return
    }
    pair.server = await Bun.connect<Pair>({
      unix: this.target,
      socket: {
        data: (_, chunk) => this.pass(pair, 'to-client', chunk),
        close: () => {
          client.end()
        },
      },
    })
    for (const chunk of pair.early.splice(0)) pair.server.write(chunk)
  }

  private pass(pair: Pair, way: 'to-server' | 'to-client', chunk: Uint8Array): void {
    const { cut } = pair
    if (cut === 'silent') return
    const isCounted = cut?.way === way
    const rest = cut && isCounted ? cut.after - pair.gone : Infinity
    const passed = cut?.of === 'bytes' && isCounted ? chunk.slice(0, rest) : chunk.slice()
    if (isCounted) pair.gone += cut.of === 'bytes' ? chunk.length : 1
    const isOver = cut !== null && isCounted && pair.gone >= cut.after
    if (way === 'to-client') pair.client.write(passed)
    else if (pair.server) pair.server.write(passed)
    else pair.early.push(passed)
    if (!isOver) return
    pair.client.end()
    // What has gone to the server arrives there: it was cut behind it.
    setTimeout(() => pair.server?.end(), 5)
  }
}
