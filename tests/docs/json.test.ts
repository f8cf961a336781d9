import { describe, expect, test } from 'bun:test'
import { documentText } from '../helpers/documents.ts'
import { wrongIn } from '../helpers/schema.ts'

const page = documentText('docs/json.md')
const schema = JSON.parse(documentText('docs/schema/v1.json')) as { oneOf: { $ref: string }[] }
const kinds = schema.oneOf.map(({ $ref }) => $ref.replace('#/$defs/', ''))
const examples = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(
  ([, text = '']) => JSON.parse(text) as { kind: string },
)

test('docs/json.md has one example of each kind that the schema knows', () => {
  expect(examples.map(({ kind }) => kind)).toEqual(kinds)
})

test.each(examples.map(example => [example.kind, example] as const))(
  'the example of %s is as the schema says',
  (_, example) => {
    expect(wrongIn(example)).toEqual([])
  },
)

describe('the schema refuses', () => {
  const release = { version: 1, kind: 'release', gpu_ids: [0] }

  test.each([
    ['a version of the future', { ...release, version: 2 }],
    ['a kind that it does not know', { ...release, kind: 'released' }],
    ['a GPU that is no number', { ...release, gpu_ids: ['0'] }],
    ['a key that is missing', { version: 1, kind: 'release' }],
    ['a key that nobody has described', { ...release, extra: null }],
    ['what is no object', [release]],
  ])('%s', (_, document) => {
    expect(wrongIn(release)).toEqual([])
    expect(wrongIn(document)).not.toEqual([])
  })

  test.each([
    ['a local time', '2026-11-24 18:15:00'],
    ['a time with an offset', '2026-11-24T18:15:00.000+01:00'],
    ['milliseconds', 1764008100000],
  ])('%s', (_, at) => {
    expect(wrongIn({ version: 1, kind: 'queue', at: '2026-11-24T18:15:00.000Z', requests: [] })).toEqual([])
    expect(wrongIn({ version: 1, kind: 'queue', at, requests: [] })).not.toEqual([])
  })
})
