import { Connection, ConnectionError, LoginError } from './connection.ts'
import { type Reply, ReplyError } from './reply.ts'
import { type RedisPlace, tcpTarget } from './url.ts'

/** A cluster that sends us from node to node for longer has not made up its mind. */
const MOST_MOVES = 5

type Command = readonly string[]

/** A reply, and the node that it is from. */
interface Answer {
  readonly reply: Reply
  readonly node: RedisPlace
}

/** Which node cannot be used, and why. */
export class NodeError extends Error {
  constructor(
    readonly node: RedisPlace,
    override readonly cause: ConnectionError | LoginError,
  ) {
    super(cause.message)
  }
}

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
   * @throws {NodeError}
   */
  async ask(commands: readonly Command[], timeoutMs: number): Promise<Answer[]> {
    // What names no key goes where the rest goes: TIME is that of the server that has written the times.
    const home = commands.map(keyIn).find(key => key !== '') ?? ''
    const asked = commands.map(command => ({ command, key: keyIn(command) || home }))
    if (asked.length === 0) await fromNode(this.place, this.connectionTo(this.place, timeoutMs))
    for (let moves = 0; ; moves++) {
      const answers = await this.askOnce(asked, timeoutMs)
      const targets = answers.map(({ reply, node }) => movedTo(reply, node.target))
      if (targets.every(target => target === null) || moves === MOST_MOVES) return answers
      for (const [at, target] of targets.entries())
        if (target) this.moved.set(asked[at]?.key ?? '', this.nodeAt(target))
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
  ): Promise<Answer[]> {
    const answers: Answer[] = []
    const byAddress = Map.groupBy(asked.keys(), at => addressOf(this.nodeOf(asked[at]?.key ?? '').target))
    await Promise.all(
      [...byAddress.values()].map(async places => {
        const node = this.nodeOf(asked[places[0] ?? 0]?.key ?? '')
        const commands = places.map(at => asked[at]?.command ?? [])
        const replies = await fromNode(
          node,
          this.connectionTo(node, timeoutMs).then(connection => connection.ask(commands, timeoutMs)),
        )
        for (const [which, at] of places.entries()) answers[at] = { reply: replies[which] ?? null, node }
      }),
    )
    return answers
  }

  private nodeOf(key: string): RedisPlace {
    return this.moved.get(key) ?? this.place
  }

  /** Another node of the same cluster, and who we are to it. */
  private nodeAt(target: RedisPlace['target']): RedisPlace {
    const [address, own] = [addressOf(target), addressOf(this.place.target)]
    return address === own
      ? this.place
      : { ...this.place, target, shown: `${this.place.shown} (its node ${address})` }
  }

  /** One connection for all who ask the same node at the same time. */
  private async connectionTo(node: RedisPlace, timeoutMs: number): Promise<Connection> {
    const address = addressOf(node.target)
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

/** @throws {NodeError} what was thrown, and where */
function fromNode<T>(node: RedisPlace, answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    const isOfNode = error instanceof ConnectionError || error instanceof LoginError
    throw isOfNode ? new NodeError(node, error) : error
  })
}

function addressOf(target: RedisPlace['target']): string {
  return target.kind === 'unix' ? target.path : `${target.hostname}:${target.port}`
}

/**
 * Where the node of a cluster says that a key is: `MOVED SLOT HOST:PORT`, as the Redis cluster specification has it. Without a
 * host it is the one that was asked. Null for any other reply, and where that cannot be understood.
 */
export function movedTo(reply: Reply, asked: RedisPlace['target']): RedisPlace['target'] | null {
  if (!(reply instanceof ReplyError)) return null
  const [, host = '', port = ''] = /^MOVED \d+ (.*):(\d+)$/.exec(reply.text) ?? []
  const hostname = host || (asked.kind === 'tcp' ? asked.hostname : '')
  return tcpTarget(`${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`)
}

/** The first key that a command names; '' for none. */
export function keyIn(command: Command): string {
  return command.find(word => word.startsWith('canhazgpu:')) ?? ''
}
