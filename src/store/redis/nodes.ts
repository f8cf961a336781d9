import { Connection } from './connection.ts'
import { type Reply, ReplyError } from './reply.ts'
import type { RedisPlace } from './url.ts'

/** A cluster that sends us from node to node for longer has not made up its mind. */
const MOST_MOVES = 5

type Command = readonly string[]

/** The server of a URL; or, where that is a node of a cluster, every node that has keys of ours. */
export class Nodes {
  /** By address. */
  private readonly connections = new Map<string, Promise<Connection>>()
  /** Where keys are that are not where the URL says. */
  private readonly moved = new Map<string, RedisPlace>()

  constructor(private readonly place: RedisPlace) {}

  /**
   * Asks several things, each of the node that has its key, all in one round trip once that is known. No question at all connects.
   *
   * @throws {ConnectionError}
   * @throws {LoginError}
   */
  async ask(commands: readonly Command[], timeoutMs: number): Promise<Reply[]> {
    // What names no key goes where the rest goes: TIME is that of the server that has written the times.
    const home = commands.map(keyIn).find(key => key !== '') ?? ''
    const asked = commands.map(command => ({ command, key: keyIn(command) || home }))
    if (asked.length === 0) await this.connectionTo(this.place, timeoutMs)
    for (let moves = 0; ; moves++) {
      const replies = await this.askOnce(asked, timeoutMs)
      const places = replies.map((reply, at) => movedTo(reply, this.nodeOf(asked[at]?.key ?? '')))
      if (places.every(place => place === null) || moves === MOST_MOVES) return replies
      for (const [at, place] of places.entries()) if (place) this.moved.set(asked[at]?.key ?? '', place)
    }
  }

  /** After a failover other nodes may have the keys. */
  forgetMoves(): void {
    this.moved.clear()
  }

  close(): void {
    for (const opening of this.connections.values()) {
      opening.then(
        connection => connection.close(),
        () => {},
      )
    }
    this.connections.clear()
  }

  private async askOnce(
    asked: readonly { command: Command; key: string }[],
    timeoutMs: number,
  ): Promise<Reply[]> {
    const replies: Reply[] = []
    const byAddress = Map.groupBy(asked.keys(), at => addressOf(this.nodeOf(asked[at]?.key ?? '')))
    await Promise.all(
      [...byAddress.values()].map(async places => {
        const connection = await this.connectionTo(this.nodeOf(asked[places[0] ?? 0]?.key ?? ''), timeoutMs)
        const some = await connection.ask(
          places.map(at => asked[at]?.command ?? []),
          timeoutMs,
        )
        for (const [which, at] of places.entries()) replies[at] = some[which] ?? null
      }),
    )
    return replies
  }

  private nodeOf(key: string): RedisPlace {
    return this.moved.get(key) ?? this.place
  }

  /** One connection for all who ask the same node at the same time. */
  private async connectionTo(node: RedisPlace, timeoutMs: number): Promise<Connection> {
    const address = addressOf(node)
    const known = this.connections.get(address)
    const connection = await known
    if (connection?.isOpen) return connection
    const other = this.connections.get(address)
    if (other !== known && other) return other
    const opening = Connection.open(node, timeoutMs)
    this.connections.set(address, opening)
    opening.catch(() => {
      if (this.connections.get(address) === opening) this.connections.delete(address)
    })
    return opening
  }
}

function addressOf({ target }: RedisPlace): string {
  return target.kind === 'unix' ? target.path : `${target.hostname}:${target.port}`
}

/**
 * Where the node of a cluster says that a key is: `MOVED SLOT HOST:PORT`, as the Redis cluster specification has it. Without a
 * host it is the one that was asked. Null for any other reply, and where that cannot be understood.
 */
export function movedTo(reply: Reply, asked: RedisPlace): RedisPlace | null {
  if (!(reply instanceof ReplyError)) return null
  const [, host = '', port = ''] = /^MOVED \d+ ([\w.:-]*):(\d{1,5})$/.exec(reply.text) ?? []
  const hostname = host || (asked.target.kind === 'tcp' ? asked.target.hostname : '')
  if (port === '' || hostname === '') return null
  return { ...asked, target: { kind: 'tcp', hostname, port: Number(port) } }
}

/** The first key that a command names; '' for none. */
export function keyIn(command: Command): string {
  return command.find(word => word.startsWith('canhazgpu:')) ?? ''
}
