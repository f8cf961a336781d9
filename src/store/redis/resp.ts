/** The protocol of Redis (RESP, version 2: the one that every server speaks) as bytes; redis.io/docs/reference/protocol-spec. */

export type Reply = string | number | null | ReplyError | readonly Reply[]

/** A server's answer that begins with `-`: a word in capitals, and what it says. */
export class ReplyError {
  constructor(readonly text: string) {}

  /** `WRONGPASS`, `NOPERM`, `ERR`, … */
  get kind(): string {
    return /^-?([A-Z]+)/.exec(this.text)?.[1] ?? 'ERR'
  }
}

/** What cannot be a server of this kind. */
export class ProtocolError extends Error {}

export function encodeCommand(words: readonly string[]): string {
  const parts = words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return `*${words.length}\r\n${parts.join('')}`
}

/** Takes bytes as they come, and gives replies as they are complete. What it has read it does not read again. */
export class ReplyReader {
  private rest: Buffer = Buffer.alloc(0)
  /** Where in it the next value begins. */
  private at = 0
  private chunks: Buffer[] = []
  private length = 0
  /** How many bytes it takes, at least, before a look is worth it. */
  private wanted = 0
  /** The lists that have begun and are not complete, the outermost first. */
  private readonly lists: { readonly items: Reply[]; readonly count: number }[] = []

  take(chunk: Uint8Array): void {
    this.chunks.push(Buffer.from(chunk))
    this.length += chunk.length
  }

  /** @returns undefined when the next reply is not there yet @throws {ProtocolError} */
  next(): Reply | undefined {
    if (this.rest.length - this.at + this.length < this.wanted) return undefined
    if (this.chunks.length > 0) {
      this.rest = Buffer.concat([this.rest.subarray(this.at), ...this.chunks])
      this.at = 0
      this.chunks = []
      this.length = 0
    }
    for (let value = this.value(); value !== undefined; value = this.value()) {
      const reply = this.placed(value)
      if (reply !== undefined) return reply
    }
    return undefined
  }

  /** Puts a value where it belongs. @returns the reply that is complete with it, undefined while there is more to come */
  private placed(value: Reply | ListBegin): Reply | undefined {
    if (value instanceof ListBegin && value.count > 0) {
      this.lists.push({ items: [], count: value.count })
      return undefined
    }
    let complete: Reply = value instanceof ListBegin ? [] : value
    for (let list = this.lists.at(-1); list; list = this.lists.at(-1)) {
      list.items.push(complete)
      if (list.items.length < list.count) return undefined
      complete = list.items
      this.lists.pop()
    }
    return complete
  }

  /** The next value, or the beginning of a list; undefined when not all of it is there. */
  private value(): Reply | ListBegin | undefined {
    const { rest, at } = this
    const end = rest.indexOf('\r\n', at)
    if (end < 0) {
      // A line of a server is short; what is not is something else.
      if (rest.length - at > 65_536) throw new ProtocolError('a line without an end')
      this.wanted = 0
      return undefined
    }
    const kind = String.fromCharCode(rest[at] ?? 0)
    const line = rest.toString('utf8', at + 1, end)
    const after = end + 2
    if (kind === '$' && numberIn(line) >= 0) {
      const last = after + numberIn(line)
      this.wanted = last + 2 - at
      if (rest.length < last + 2) return undefined
      this.wanted = 0
      this.at = last + 2
      return rest.toString('utf8', after, last)
    }
    this.at = after
    switch (kind) {
      case '+':
        return line
      case '-':
        return new ReplyError(line)
      case ':':
        return numberIn(line)
      case '$':
        return null
      case '*': {
        const count = numberIn(line)
        return count < 0 ? null : new ListBegin(count)
      }
      default:
        throw new ProtocolError(`an answer that begins with ${JSON.stringify(kind)}`)
    }
  }
}

/** So many values follow that make a list. */
class ListBegin {
  constructor(readonly count: number) {}
}

function numberIn(line: string): number {
  if (!/^-?\d{1,18}$/.test(line)) throw new ProtocolError('a number that is none')
  return Number(line)
}
