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

/** Takes bytes as they come, and gives replies as they are complete. */
export class ReplyReader {
  private rest: Buffer = Buffer.alloc(0)
  private chunks: Buffer[] = []
  private length = 0
  /** How many bytes it takes, at least, before a look is worth it. */
  private wanted = 0

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
    const reply = parse(this.rest, cursor)
    if (reply === undefined) {
      this.wanted = cursor.wanted
      return undefined
    }
    this.rest = this.rest.subarray(cursor.at)
    this.wanted = 0
    return reply
  }
}

function parse(bytes: Buffer, cursor: { at: number; wanted: number }): Reply | undefined {
  const end = bytes.indexOf('\r\n', cursor.at)
  if (end < 0) {
    // A line of a server is short; what is not is something else.
    if (bytes.length - cursor.at > 65_536) throw new ProtocolError('a line without an end')
    return undefined
  }
  const [kind, line] = [
    String.fromCharCode(bytes[cursor.at] ?? 0),
    bytes.toString('utf8', cursor.at + 1, end),
  ]
  const after = end + 2
  switch (kind) {
    case '+':
      cursor.at = after
      return line
    case '-':
      cursor.at = after
      return new ReplyError(line)
    case ':':
      cursor.at = after
      return numberIn(line)
    case '$': {
      const length = numberIn(line)
      cursor.at = after
      if (length < 0) return null
      if (bytes.length < after + length + 2) {
        cursor.wanted = after + length + 2
        return undefined
      }
      cursor.at = after + length + 2
      return bytes.toString('utf8', after, after + length)
    }
    case '*': {
      const count = numberIn(line)
      cursor.at = after
      if (count < 0) return null
      const items: Reply[] = []
      for (let i = 0; i < count; i++) {
        const item = parse(bytes, cursor)
        if (item === undefined) return undefined
        items.push(item)
      }
      return items
    }
    default:
      throw new ProtocolError(`an answer that begins with ${JSON.stringify(kind)}`)
  }
}

function numberIn(line: string): number {
  if (!/^-?\d{1,18}$/.test(line)) throw new ProtocolError('a number that is none')
  return Number(line)
}
