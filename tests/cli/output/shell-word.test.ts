import { expect, test } from 'bun:test'
import { safeText } from '../../../src/cli/output/safe-text.ts'
import { shellWord } from '../../../src/cli/output/shell-word.ts'
import fc from '../../helpers/fast-check.ts'

test.each([
  ['train.py', 'train.py'],
  ['--lr=1e-3', '--lr=1e-3'],
  ['', "''"],
  ['a b', "'a b'"],
  ["it's", "'it'\\''s'"],
  ['$HOME/*', "'$HOME/*'"],
  ['print(1)\nprint("100%")', `"$(printf 'print(1)\\012print("100%%")')"`],
  ['-\u2028\\', `"$(printf '\\055\\342\\200\\250\\134')"`],
])('%j is typed as %s', (word, typed) => {
  expect(shellWord(word)).toBe(typed)
})

test.each([['sh'], ['bash']])(
  '%s reads every word back as it was, and nothing in it moves the cursor',
  shell => {
    const character = fc.oneof(
      fc.constantFrom(...'\'"\\$`!%-~#&|;<>(){}[]*? \n\t\r\x1b\u009b\u202e'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    )
    const word = fc
      .array(character)
      .map(characters => characters.join('').toWellFormed().replaceAll('\0', ''))
      .filter(text => !text.endsWith('\n'))
    fc.assert(
      fc.property(fc.array(word, { minLength: 20, maxLength: 20 }), words => {
        const typed = words.map(shellWord)
        expect(typed.map(safeText)).toEqual(typed)
        const { stdout } = Bun.spawnSync([shell, '-c', `printf '%s\\0' ${typed.join(' ')}`])
        expect(stdout.toString()).toBe(words.map(text => `${text}\0`).join(''))
      }),
      { numRuns: 20 },
    )
  },
)
