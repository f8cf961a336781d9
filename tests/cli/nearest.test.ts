import { expect, test } from 'bun:test'
import { nearest } from '../../src/cli/nearest.ts'
import fc from '../helpers/fast-check.ts'

const commands = ['admin', 'release', 'reserve', 'run', 'status']

test.each([
  ['stauts', 'status'],
  ['statu', 'status'],
  ['sttus', 'status'],
  ['statusx', 'status'],
  ['relase', 'release'],
  ['resreve', 'reserve'],
  ['reserv', 'reserve'],
  ['rum', 'run'],
  ['rn', 'run'],
  ['runn', 'run'],
  ['admni', 'admin'],
  ['ADMIN', null],
  ['ls', null],
  ['r', null],
  ['', null],
  ['rat', null],
  ['completely else', null],
])('%j may mean %j', (word, meant) => {
  expect(nearest(word, commands)).toBe(meant)
})

test('the closest word wins, and the first of two that are as close', () => {
  expect(nearest('--gpu', ['--cpus', '--gpus'])).toBe('--gpus')
  expect(nearest('--xpus', ['--cpus', '--gpus'])).toBe('--cpus')
})

test('a word with one letter changed, lost, added or nothing at all is understood', () => {
  const letter = fc.constantFrom(...'abcxyz-')
  fc.assert(
    fc.property(
      fc.constantFrom('admin', 'release', 'reserve', 'status', '--memory-threshold'),
      fc.nat(20),
      letter,
      fc.constantFrom(0, 1),
      fc.boolean(),
      (word, place, letter, lost, added) => {
        const at = place % word.length
        const typed = word.slice(0, at) + (added ? letter : '') + word.slice(at + lost)
        expect(nearest(typed, [word, 'quite different'])).toBe(word)
      },
    ),
  )
})

test('nothing is meant where nothing is known', () => {
  expect(nearest('status', [])).toBeNull()
})
