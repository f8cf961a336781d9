import { expect, test } from 'bun:test'
import { handedOn } from '../../src/cli/store-url.ts'
import { storeWords } from '../../src/cli/store-words.ts'

test.each([
  ['the usual store needs no word', 'sqlite:/var/lib/canhazgpu/pool.db', null],
  ['another is named', 'sqlite:/srv/gpu/pool.db', '--store sqlite:/srv/gpu/pool.db'],
  [
    'a relative one is named as it is from anywhere',
    'sqlite:pool.db',
    `--store sqlite:${process.cwd()}/pool.db`,
  ],
  [
    'one with a space is quoted for a shell',
    'sqlite:/srv/my gpus/pool.db',
    "--store 'sqlite:/srv/my gpus/pool.db'",
  ],
  ['so is one on a server', 'redis://a:1/0?host=b', "--store 'redis://a:1/0?host=b'"],
])('%s', (_, url, words) => {
  expect(storeWords(handedOn(url, { storeFile: null }))).toBe(words)
})

test('one with a password is named by the file that holds it', () => {
  const words = storeWords(handedOn('redis://gpu:secret@a:1/0?host=b', { storeFile: '/etc/the store' }))
  expect(words).toBe("--store-file '/etc/the store' --host b")
})
