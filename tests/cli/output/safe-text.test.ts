import { expect, test } from 'bun:test'
import { safeText } from '../../../src/cli/output/safe-text.ts'
import fc from '../../helpers/fast-check.ts'

/** By Unicode's own tables: controls, separators of lines, and what turns the writing direction. */
const HARMFUL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

test('no character that controls a terminal survives, whatever the text', () => {
  const harmful = fc
    .nat(0x10ffff)
    .map(code => String.fromCodePoint(code))
    .filter(character => HARMFUL.test(character))
  const text = fc.array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\x1b[2J', '\x9b31m', '\u202e', '\u2028', '\x07'),
      harmful,
    ),
  )
  fc.assert(
    fc.property(text, parts => {
      expect(safeText(parts.join(''))).not.toMatch(HARMFUL)
    }),
    { numRuns: 500 },
  )
})

test('every single character of the basic plane is harmless, or shown by its number', () => {
  for (let code = 0; code <= 0xffff; code++) {
    const character = String.fromCharCode(code)
    const shown = safeText(character)
    if (!HARMFUL.test(character)) expect(shown).toBe(character)
    else expect(Number.parseInt(shown.replace(/^\\[xu]/, ''), 16)).toBe(code)
  }
})

test.each([
  ['\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
  ['line\nbreak\r', 'line\\x0abreak\\x0d'],
  ['\u202egnp.exe', '\\u202egnp.exe'],
  ['\x9b2J', '\\x9b2J'],
  ['naïve 漢字 🦀', 'naïve 漢字 🦀'],
  ['', ''],
])('%j is shown as %j', (text, shown) => {
  expect(safeText(text)).toBe(shown)
})
