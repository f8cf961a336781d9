import { describe, expect, test } from 'bun:test'
import { allCommands, commandNames } from '../../../src/cli/commands.ts'
import { complete } from '../../../src/cli/completion/complete.ts'
import { globalOptions } from '../../../src/cli/global-options.ts'
import { optionName } from '../../../src/cli/options.ts'
import fc from '../../helpers/fast-check.ts'

/** The words that are offered at the end of a line; the last word is the one that is being typed. */
function offered(line: string): string[] {
  const completion = complete(line.split(' '))
  return completion.kind === 'words' ? completion.words.map(({ word }) => word) : [`<${completion.kind}>`]
}

describe('what is offered', () => {
  test.each([
    ['rese', ['reserve']],
    ['stat', ['status']],
    ['x', []],
    ['frobnicate ', []],
    ['--st', ['--store', '--store-file']],
    ['--store x stat', ['status']],
    ['--store stat', []],
    ['run --po', ['--policy']],
    ['run --wa', ['--wait']],
    ['run --no-w', ['--no-wait']],
    ['run --policy ', ['lru', 'mru-user', 'pack']],
    ['run --policy m', ['mru-user']],
    ['run --policy=', ['--policy=lru', '--policy=mru-user', '--policy=pack']],
    ['run --policy=p', ['--policy=pack']],
    ['run --frobnicate=', []],
    ['run --gpus ', []],
    ['run --gpus=', []],
    ['run -g 2 --pol', ['--policy']],
    ['run --note run --pol', ['--policy']],
    ['run --note -- --pol', ['--policy']],
    ['run --wait --pol', ['--policy']],
    ['run --wait 2h --pol', ['--policy']],
    ['run -', expect.arrayContaining(['--gpus', '--store', '--help'])],
    ['run ', expect.arrayContaining(['--', '--gpus'])],
    ['run python ', []],
    ['status ', expect.arrayContaining(['--store', '--help'])],
    ['status -- ', []],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['completion z', ['zsh']],
    ['admin --provider n', ['nvidia']],
    ['man', []],
  ])('%j: %j', (line, words) => {
    expect(offered(line)).toEqual(words)
  })

  test('in the beginning is every command', () => {
    expect(offered('')).toEqual([...commandNames])
  })

  test.each(allCommands().map(command => [command.name, command] as const))(
    'for %s is every option, with what it is',
    (name, { options }) => {
      const completion = complete([name, '--'])
      const words = completion.kind === 'words' ? completion.words : []
      for (const [key, { help }] of Object.entries({ ...options, ...globalOptions }))
        expect(words).toContainEqual({ word: optionName(key), about: help })
    },
  )
})

test.each([
  ['run -- ', { kind: 'command', from: 2 }],
  ['run -- python tr', { kind: 'command', from: 2 }],
  ['--store x run --gpus 2 -- python -', { kind: 'command', from: 6 }],
  ['run -- a -- b', { kind: 'command', from: 2 }],
  ['--config ', { kind: 'files' }],
  ['--config=la', { kind: 'files' }],
  ['run -G ', { kind: 'gpus', before: '', begun: '' }],
  ['run --gpu-ids 1,', { kind: 'gpus', before: '1,', begun: '' }],
  ['run --gpu-ids=0-3,1', { kind: 'gpus', before: '--gpu-ids=0-3,', begun: '1' }],
])('%j: %j', (line, completion) => {
  expect<object>(complete(line.split(' '))).toEqual(completion)
})

test('any words at all are completed with words that begin like the last one', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'run',
      'reserve',
      '--',
      '-',
      '--wait',
      '--gpus',
      '-G',
      '--policy',
      '--policy=',
      'status',
      '1,',
    ),
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), words => {
      const completion = complete(words)
      const typed = words.at(-1) ?? ''
      if (completion.kind === 'words')
        expect(completion.words.filter(({ word }) => !word.startsWith(typed) || /[\s\0]/.test(word))).toEqual(
          [],
        )
      if (completion.kind === 'command') expect(words[completion.from - 1]).toBe('--')
    }),
    { numRuns: 2000 },
  )
})
