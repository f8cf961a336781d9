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

/** A list whose items have not all come yet. */
class OpenList {
  readonly items: Reply[] = []

  constructor(readonly count: number) {}
}

/** Takes bytes as they come, and gives replies as they are complete. What has been read is not read again, however long the reply. */
export class ReplyReader {
  private rest: Buffer = Buffer.alloc(0)
  private chunks: Buffer[] = []
  private length = 0
  /** How many bytes it takes, at least, before a look is worth it. */
  private wanted = 0
  /** The lists that the next item is in, the innermost last. */
  private readonly lists: OpenList[] = []

  take(chunk: Uint8Array): void {
    this.chunks.push(Buffer.from(chunk))
    this.length += chunk.length
  }

  /** @returns undefined when the next reply is not there yet @throws {ProtocolError} */
  next(): Reply | undefined {
    if (this.rest.length + this.length < this.wanted) return undefined
    if (this.chunks.length > 0) {
      this.rest = Buffer.concat([this.rest, ...this.chunks])
      this.chunks = []
      this.length = 0
    }
    const cursor = { at: 0, wanted: 0 }
    let reply: Reply | undefined
    while (reply === undefined) {
      const part = readPart(this.rest, cursor)
      if (part === undefined) break
      reply = this.completedBy(part)
    }
    this.rest = this.rest.subarray(cursor.at)
    this.wanted = reply === undefined ? cursor.wanted - cursor.at : 0
    return reply
  }

  /** @returns the reply of which this was the last part, undefined when there is more to come */
  private completedBy(part: Reply | OpenList): Reply | undefined {
    let value = part
    for (;;) {
      if (value instanceof OpenList) {
        if (value.items.length < value.count) {
          this.lists.push(value)
          return undefined
        }
        value = value.items
      }
      const list = this.lists.pop()
      if (!list) return value
      list.items.push(value)
      value = list
    }
  }
}

/** Reads a value or the beginning of a list, and moves the cursor behind it; undefined when it is not all there yet. */
function readPart(bytes: Buffer, cursor: { at: number; wanted: number }): Reply | OpenList | undefined {
  const end = bytes.indexOf('\r\n', cursor.at)
  if (end < 0) {
    // A line of a server is short; what is not is something else.
    if (bytes.length - cursor.at > 65_536) throw new ProtocolError('a line without an end')
    return undefined
  }
  const kind = String.fromCharCode(bytes[cursor.at] ?? 0)
  const line = bytes.toString('utf8', cursor.at + 1, end)
  const after = end + 2
  if (kind === '$') {
    const length = numberIn(line)
    const behind = length < 0 ? after : after + length + 2
    if (bytes.length < behind) {
      cursor.wanted = behind
      return undefined
    }
    cursor.at = behind
    return length < 0 ? null : bytes.toString('utf8', after, after + length)
  }
  cursor.at = after
  switch (kind) {
    case '+':
      return line
    case '-':
      return new ReplyError(line)
    case ':':
      return numberIn(line)
    case '*': {
      const count = numberIn(line)
      return count < 0 ? null : new OpenList(count)
    }
    default:
      throw new ProtocolError(`an answer that begins with ${JSON.stringify(kind)}`)
  }
}

function numberIn(line: string): number {
  if (!/^-?\d{1,18}$/.test(line)) throw new ProtocolError('a number that is none')
  return Number(line)
}
