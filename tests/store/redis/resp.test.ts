import { describe, expect, test } from 'bun:test'
import {
  encodeCommand,
  ProtocolError,
  type Reply,
  ReplyError,
  ReplyReader,
} from '../../../src/store/redis/resp.ts'
import fc from '../../helpers/fast-check.ts'

const scalar = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.integer(),
  fc.constant(null),
  fc.stringMatching(/^ERR [a-z ]*$/).map(text => new ReplyError(text)),
)
const { reply } = fc.letrec<{ reply: Reply }>(tie => ({
  reply: fc.oneof({ depthSize: 'small' }, scalar, fc.array(tie('reply'), { maxLength: 5 })),
}))

/** As a server writes it. */
function written(value: Reply): string {
  if (value === null) return '$-1\r\n'
  if (typeof value === 'number') return `:${value}\r\n`
  if (typeof value === 'string') return `$${Buffer.byteLength(value)}\r\n${value}\r\n`
  if (value instanceof ReplyError) return `-${value.text}\r\n`
  return `*${value.length}\r\n${value.map(written).join('')}`
}

function all(reader: ReplyReader): Reply[] {
  const found: Reply[] = []
  for (let next = reader.next(); next !== undefined; next = reader.next()) found.push(next)
  return found
}

test('gives what was written, in whatever pieces it comes', () => {
  fc.assert(
    fc.property(
      fc.array(reply),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (replies, sizes) => {
        const bytes = Buffer.from(replies.map(written).join(''))
        const reader = new ReplyReader()
        const found: Reply[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1
          reader.take(bytes.subarray(at, at + size))
          found.push(...all(reader))
          at += size
        }
        expect(found).toEqual(replies)
      },
    ),
  )
})

test('reads a long list in about the time that it takes to read it once', () => {
  const items = Array.from({ length: 200_000 }, (_, place) => `item ${place}`)
  const bytes = Buffer.from(written(items))
  const reader = new ReplyReader()
  let looks = 0
  for (let at = 0; at < bytes.length; at += 1000) {
    if (looks > 0) expect(reader.next()).toBeUndefined()
    reader.take(bytes.subarray(at, at + 1000))
    looks++
  }
  // Read anew at each look, this would take minutes.
  expect(looks).toBeGreaterThan(3000)
  expect(reader.next()).toEqual(items)
})

describe('refuses', () => {
  test.each(['HTTP/1.1 400\r\n', ':x\r\n', '$1x\r\n', `+${'x'.repeat(70_000)}`])('%p', text => {
    const reader = new ReplyReader()
    reader.take(Buffer.from(text.slice(0, 70_000)))
    expect(() => reader.next()).toThrow(ProtocolError)
  })
})

test('a command says how long its words are in bytes', () => {
  expect(encodeCommand(['SET', 'ä'])).toBe('*2\r\n$3\r\nSET\r\n$2\r\nä\r\n')
})
