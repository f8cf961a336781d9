import { ConnectionError, LoginError } from './connection.ts'
import { connectionFailure, loginFailure, replyFailure, whyNotYet } from './failure.ts'
import { keyIn, NodeError, Nodes } from './nodes.ts'
import { type Reply, ReplyError } from './reply.ts'
import type { RedisPlace } from './url.ts'

/** How long a server may take to answer, also to whoever logs in. */
export const ANSWER_TIMEOUT_MS = 5000

/** For how long one that is not there, or cuts connections, is tried again. */
const TRYING_MS = 1500

const FIRST_PAUSE_MS = 10

/**
 * Asks a server, and where the connection is cut asks again on a new one: so whatever is asked must be such that it may be
 * done twice.
 */
export class Client {
  private readonly nodes: Nodes

  constructor(readonly place: RedisPlace) {
    this.nodes = new Nodes(place)
  }

  /** @throws {UserError} when the server cannot be reached, does not answer in time, or refuses */
  async ask(...command: readonly string[]): Promise<Reply> {
    return (await this.askAll([command]))[0] ?? null
  }

  /** Asks several things in one round trip. @throws {UserError} */
  async askAll(commands: readonly (readonly string[])[]): Promise<Reply[]> {
    const startedAt = performance.now()
    let mayBeDone = false
    for (let attempt = 0; ; attempt++) {
      try {
        const answers = await this.nodes.ask(commands, ANSWER_TIMEOUT_MS)
        for (const [place, { reply, node }] of answers.entries())
          if (reply instanceof ReplyError) throw refusal(reply, node, commands[place] ?? [])
        return answers.map(({ reply }) => reply)
      } catch (thrown) {
        if (!(thrown instanceof NodeError)) throw thrown
        const { cause: error, node } = thrown
        if (error instanceof LoginError) throw loginFailure(error.reply, node)
        mayBeDone ||= error.wasAsked
        this.nodes.forgetMoves()
        const pauseMs = FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random())
        const isWorthIt = error.kind === 'cut' || error.kind === 'unreachable'
        const isOver = performance.now() - startedAt + pauseMs > TRYING_MS
        if (!isWorthIt || isOver) throw connectionFailure(error, node, mayBeDone)
        await new Promise(resolve => setTimeout(resolve, pauseMs))
      }
    }
  }

  /** Connects, where that is not done yet. @throws {UserError} */
  async connect(): Promise<void> {
    await this.askAll([])
  }

  /** Runs a script on the server. @throws {UserError} */
  run(script: string, keys: readonly string[], args: readonly string[]): Promise<Reply> {
    return this.ask('EVAL', script, String(keys.length), ...keys, ...args)
  }

  close(): void {
    this.nodes.close()
  }
}

function refusal(reply: ReplyError, node: RedisPlace, command: readonly string[]): Error {
  const reason = whyNotYet(reply)
  return reason === null
    ? replyFailure(reply, node, keyIn(command))
    : new NodeError(node, new ConnectionError('unreachable', reason, false))
}
