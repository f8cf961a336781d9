import { describe, expect, test } from 'bun:test'
import { colouredLine, painted, plainLine, takesColour } from '../../../src/cli/output/colour.ts'

describe('a coloured line', () => {
  const line = colouredLine('GPU 0: ', 'AVAILABLE', ' [validated: 45MB used]', 'green')

  test('has the text of a plain one, and colour around the word that tells the state', () => {
    expect(line.text).toBe('GPU 0: AVAILABLE [validated: 45MB used]')
    expect(painted(line)).toBe('GPU 0: \x1b[32mAVAILABLE\x1b[m [validated: 45MB used]')
  })

  test.each([
    [0, 7, 'GPU 0: '],
    [0, 8, 'GPU 0: \x1b[32mA\x1b[m'],
    [8, 10, '\x1b[32mVA\x1b[m'],
    [15, 18, '\x1b[32mE\x1b[m ['],
    [16, 18, ' ['],
    [0, 0, ''],
  ])('from %d to %d is %j', (from, to, shown) => {
    expect(painted(line, from, to)).toBe(shown)
  })

  test('puts the colour in the right place behind names that are not harmless', () => {
    const line = colouredLine('1. e\x1bve: ', 'st\x07ate', ' by \u202ex', 'red')
    expect(painted(line)).toBe('1. e\\x1bve: \x1b[31mst\\x07ate\x1b[m by \\u202ex')
  })

  test('is without any when it has none', () => {
    expect(painted(plainLine('a\x1b[31mb'))).toBe('a\\x1b[31mb')
  })
})

describe('colour is not welcome', () => {
  // A terminal is tried in tests/e2e/colour.test.ts; here is none.
  test.each([{ TERM: 'xterm' }, { TERM: 'dumb' }, {}, { TERM: 'xterm', NO_COLOR: '1' }])(
    'in a file, with %j',
    env => {
      expect(takesColour(-1, env)).toBe(false)
    },
  )
})
