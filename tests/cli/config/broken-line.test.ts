import { expect, test } from 'bun:test'
import { brokenJsonLine, brokenTomlLine } from '../../../src/cli/config/broken-line.ts'
import { parseToml } from '../../../src/system/toml.ts'
import fc from '../../helpers/fast-check.ts'

const tomlLine = fc.constantFrom(
  '',
  '# a comment',
  'KEY = "text"',
  'KEY = 5',
  'KEY = [1,\n  2,\n]',
  'KEY = """\nmany\nlines"""',
  '[KEY]',
)
const mistake = fc.constantFrom(
  'KEY =',
  'KEY = = 1',
  'KEY = 2h',
  'KEY = "open',
  '= 1',
  '[KEY',
  'KEY',
  'KEY = "a" b',
)

test('the line of a mistake in TOML is found among lines that are right', () => {
  fc.assert(
    fc.property(
      fc.array(tomlLine, { maxLength: 8 }),
      mistake,
      fc.array(tomlLine, { maxLength: 8 }),
      (before, wrong, after) => {
        const named = [...before, wrong, ...after].map((line, at) => line.replace('KEY', `k${at}`))
        const text = named.join('\n')
        const { message } = errorOf(() => parseToml(text))
        expect(brokenTomlLine(text, message)).toBe(
          named.slice(0, before.length).join('\n').split('\n').length + (before.length > 0 ? 1 : 0),
        )
      },
    ),
    { numRuns: 500 },
  )
})

test('what is understood as JSON is never called broken before its end, and what is not is broken where the parser says no', () => {
  const json = fc.jsonValue().map(value => JSON.stringify(value, null, 1))
  fc.assert(
    fc.property(json, fc.nat(), fc.constantFrom('', '!', ',', '}', '"', '\n'), (text, place, inserted) => {
      const at = place % (text.length + 1)
      const changed = text.slice(0, at) + inserted + text.slice(at)
      const line = brokenJsonLine(changed)
      if (isJson(changed)) expect(line).toBe(changed.split('\n').length)
      else {
        // Up to there it can go on: with the rest of the right text in its place, it would be fine.
        expect(line).toBeGreaterThanOrEqual(text.slice(0, at).split('\n').length - 1)
        expect(line).toBeLessThanOrEqual(changed.split('\n').length)
      }
    }),
    { numRuns: 1000 },
  )
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function errorOf(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    return error as Error
  }
  throw new Error('it was understood')
}
