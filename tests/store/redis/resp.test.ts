import { describe, expect, test } from 'bun:test'
import { ProtocolError, type Reply, ReplyError, ReplyReader } from '../../../src/store/redis/resp.ts'
import { thrownBy } from '../../helpers/thrown.ts'

const REPLIES: [name: string, bytes: string, reply: Reply][] = [
  ['a word', '+OK\r\n', 'OK'],
  ['a number', ':-42\r\n', -42],
  ['nothing', '$-1\r\n', null],
  ['no list', '*-1\r\n', null],
  ['an empty text', '$0\r\n\r\n', ''],
  ['a text with line ends', '$6\r\na\r\nb\r\n\r\n', 'a\r\nb\r\n'],
  ['a text that is not ASCII', '$3\r\n\u20ac\r\n', '\u20ac'],
  ['an empty list', '*0\r\n', []],
  ['lists in lists', '*4\r\n*2\r\n:1\r\n*1\r\n$1\r\na\r\n*0\r\n$-1\r\n+x\r\n', [[1, ['a']], [], null, 'x']],
  ['an error', '-NOPERM no\r\n', new ReplyError('NOPERM no')],
]

function read(chunks: readonly Uint8Array[]): Reply[] {
  const reader = new ReplyReader()
  const replies: Reply[] = []
  for (const chunk of chunks) {
    reader.take(chunk)
    for (let reply = reader.next(); reply !== undefined; reply = reader.next()) replies.push(reply)
  }
  return replies
}

describe('a reply', () => {
  test.each(REPLIES)('is read: %s', (_, bytes, reply) => {
    expect(read([Buffer.from(bytes)])).toEqual([reply])
  })

  test('is the same in whatever pieces it comes', () => {
    const bytes = Buffer.from(REPLIES.map(([, text]) => text).join(''))
    const replies = REPLIES.map(([, , reply]) => reply)
    for (let size = 1; size <= bytes.length; size++) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      )
      expect(read(chunks)).toEqual(replies)
    }
  })

  test('is read once, however many pieces a long list comes in', () => {
    const item = `$300\r\n${'x'.repeat(300)}\r\n`
    const bytes = Buffer.from(`*100000\r\n${item.repeat(100_000)}`)
    const chunks = Array.from({ length: Math.ceil(bytes.length / 16_384) }, (_, n) =>
      bytes.subarray(n * 16_384, (n + 1) * 16_384),
    )
    const from = performance.now()
    expect((read(chunks)[0] as Reply[]).length).toBe(100_000)
    // A fraction of a second; minutes where it begins anew with each piece.
    expect(performance.now() - from).toBeLessThan(4000)
  })

  test.each(['HTTP/1.1 400 Bad Request\r\n', '*x\r\n', '$1e3\r\n', ':\r\n', 'x'.repeat(70_000)])(
    'is none: %#',
    text => {
      thrownBy(() => read([Buffer.from(text)]), ProtocolError)
    },
  )
})
