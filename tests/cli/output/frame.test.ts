import { describe, expect, test } from 'bun:test'
import { colouredLine, plainLine } from '../../../src/cli/output/colour.ts'
import { layOut } from '../../../src/cli/output/frame.ts'
import fc from '../../helpers/fast-check.ts'

const lines = ['GPU 0: AVAILABLE', 'GPU 1: IN USE by alice for 0h 15m 30s'].map(plainLine)

describe('the rows of a terminal', () => {
  test('are the lines where they fit', () => {
    expect(layOut(lines, 80, 24)).toEqual(lines.map(({ text }) => text))
  })

  test('wrap what is too long, with an indent, where all of it fits', () => {
    expect(layOut(lines, 20, 24)).toEqual([
      'GPU 0: AVAILABLE',
      'GPU 1: IN USE by',
      '  alice for 0h 15m',
      '  30s',
    ])
  })

  test('wrap a long word in its middle', () => {
    expect(layOut([plainLine('abcdefghijklmnopqrstuvwxyz')], 12, 24)).toEqual([
      'abcdefghijkl',
      '  mnopqrstuv',
      '  wxyz',
    ])
  })

  test('cut what is too long, where not all of it would fit', () => {
    expect(layOut(lines, 20, 3)).toEqual(['GPU 0: AVAILABLE', 'GPU 1: IN USE by ali'])
  })

  test('tell how many lines there is no room for', () => {
    const many = Array.from({ length: 10 }, (_, index) => plainLine(`GPU ${index}`))
    expect(layOut(many, 80, 4)).toEqual(['GPU 0', 'GPU 1', 'GPU 2', '(7 more lines)'])
    expect(layOut(many, 5, 1)).toEqual(['(10 m'])
  })

  test('have their colours, in the second row of a line, too', () => {
    const line = colouredLine('GPU 2: ', 'IN USE WITHOUT RESERVATION', ' by bob', 'red')
    expect(layOut([line], 22, 24)).toEqual([
      'GPU 2: \x1b[31mIN USE WITHOUT\x1b[m',
      '  \x1b[31mRESERVATION\x1b[m by bob',
    ])
  })

  test('are never cut within a character', () => {
    expect(layOut([plainLine('🚀🚀🚀🚀')], 5, 1)).toEqual(['🚀🚀'])
  })

  test('fit the terminal and lose nothing where nothing is said to be missing, whatever the lines are', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'B', ' ', '-', '🚀'), maxLength: 60 })
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 12 }),
        fc.integer({ min: 2, max: 90 }),
        fc.integer({ min: 1, max: 30 }),
        (texts, columns, rows) => {
          const shown = layOut(texts.map(plainLine), columns, rows)
          expect(shown.length).toBeLessThanOrEqual(rows)
          for (const row of shown) expect(row.length).toBeLessThanOrEqual(columns)
          if (shown.length > texts.length) {
            expect(shown.join('').replaceAll(' ', '')).toBe(texts.join('').replaceAll(' ', ''))
          }
        },
      ),
    )
  })
})
