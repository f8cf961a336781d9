import { expect, test } from 'bun:test'
import { storeWord } from '../../src/cli/store-word.ts'

test.each([
  ['the usual store needs no word', 'sqlite:/var/lib/canhazgpu/pool.db', null],
  ['another is named', 'sqlite:/srv/gpu/pool.db', 'sqlite:/srv/gpu/pool.db'],
  ['a relative one is named as it is from anywhere', 'sqlite:pool.db', `sqlite:${process.cwd()}/pool.db`],
  ['one with a space is quoted for a shell', 'sqlite:/srv/my gpus/pool.db', "'sqlite:/srv/my gpus/pool.db'"],
])('%s', (_, url, word) => {
  expect(storeWord(url)).toBe(word)
})
