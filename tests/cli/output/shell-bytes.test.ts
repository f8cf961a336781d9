import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { shellLine } from '../../../src/cli/output/shell-bytes.ts'
import fc from '../../helpers/fast-check.ts'
import { temporaryDirectory } from '../../helpers/temporary.ts'

const texts = [
  '',
  ' ',
  "'",
  "''",
  '\\',
  "\\'",
  '!',
  '!!',
  '$HOME',
  '`id`',
  '$(id)',
  '~',
  '*',
  '?',
  '#',
  '%1',
  '-n',
  '--',
]
const more = [
  'a b',
  '"',
  '\n',
  '\t',
  '\r',
  '\x1b[31m',
  'a\\',
  "it's",
  '{a,b}',
  '<(x)',
  '&',
  ';',
  '|',
  '=',
  '=ls',
  '^a^b',
  'ü',
  '\u202e',
]
const listed = [...texts, ...more].map(text => Buffer.from(text))

/** What a shell hands to a program for these words. */
function throughShell(shell: string, words: readonly Uint8Array[]): Buffer[] {
  using directory = temporaryDirectory()
  const script = join(directory.path, 'script')
  const print =
    "import sys,os; sys.stdout.buffer.write(b''.join(os.fsencode(a) + bytes(1) for a in sys.argv[1:]))"
  const line = shellLine([...['python3', '-c', print].map(word => Buffer.from(word)), ...words])
  writeFileSync(script, Buffer.concat([line, Buffer.from('\n')]))
  const { stdout, stderr, exitCode } = Bun.spawnSync([shell, script], {
    env: { PATH: process.env.PATH ?? '' },
  })
  if (exitCode !== 0) throw new Error(`${shell}: ${stderr}`)
  const found: Buffer[] = []
  for (let from = 0; from < stdout.length; ) {
    const end = stdout.indexOf(0, from)
    found.push(stdout.subarray(from, end))
    from = end + 1
  }
  return found
}

/** Anything that can stand on a command line: no NUL. */
const word = fc.uint8Array({ min: 1, maxLength: 12 }).map(bytes => Buffer.from(bytes))
const likely = fc
  .string({ unit: fc.constantFrom(...'\'\\!"$`~ \n-a#*'), maxLength: 8 })
  .map(text => Buffer.from(text))

describe.each(['sh', 'bash', 'zsh', 'fish', 'tcsh'])('a word for %s', shell => {
  test('means itself', () => {
    expect(throughShell(shell, listed)).toEqual(listed)
    const inOneLine = listed.filter(word => !word.includes('\n'))
    expect(throughShell(shell, inOneLine)).toEqual(inOneLine)
  })

  test('means itself, whatever bytes it is made of', () => {
    const words = fc.sample(fc.oneof(word, likely), 400)
    expect(throughShell(shell, words)).toEqual(words)
    const inOneLine = words.filter(word => !word.includes('\n'))
    expect(throughShell(shell, inOneLine)).toEqual(inOneLine)
  })
})

test('a plain word stays as it is', () => {
  expect(shellLine([Buffer.from('x'), Buffer.from('--gpus=2')]).toString()).toBe('x --gpus=2')
})
