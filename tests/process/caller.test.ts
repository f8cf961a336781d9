import { describe, expect, test } from 'bun:test'
import { variable, withVariables } from '../../src/process/caller.ts'
import fc from '../helpers/fast-check.ts'
import { answerOf } from '../helpers/programs.ts'

const hex = (text: string) => Buffer.from(text).toString('hex')
const entries = (...texts: string[]) => texts.map(text => Buffer.from(text))
const texts = (env: readonly Uint8Array[]) => env.map(entry => Buffer.from(entry).toString())

/** What a process finds that a shell has started with `$BYTES` for three bytes that are no UTF-8. */
async function asked(order: string, script: string): Promise<string[]> {
  const wrapper = ['/bin/sh', '-c', `BYTES=$(printf '\\377\\200\\303'); ${script}`, 'sh']
  return JSON.parse(await answerOf('processes', [order], { wrapper })) as string[]
}

describe('what the caller handed over', () => {
  test('are arguments, byte for byte, empty ones too', async () => {
    const args = await asked('arguments', 'exec "$@" "$BYTES" "" "a b" "é\n" --gpus ""')
    expect(args).toEqual(['ff80c3', '', hex('a b'), hex('é\n'), hex('--gpus'), ''])
  })

  test('is an environment, byte for byte, whatever its entries look like', async () => {
    const environment = await asked('environment', 'export BYTES EMPTY= EQUALS=a=b; exec "$@"')
    expect(environment).toEqual(
      expect.arrayContaining([`${hex('BYTES=')}ff80c3`, hex('EMPTY='), hex('EQUALS=a=b')]),
    )
  })

  test('is longer than a page of memory', async () => {
    const word = 'x'.repeat(100_000)
    const args = await asked('arguments', `exec "$@" $(printf '%0100000d' 0) end`)
    expect(args.map(({ length }) => length)).toEqual([2 * word.length, 6])
    const environment = await asked('environment', `export LONG=$(printf '%0100000d' 0) LAST=1; exec "$@"`)
    expect(environment).toContain(hex('LAST=1'))
    expect(environment).toContain(hex(`LONG=${'0'.repeat(word.length)}`))
  })
})

describe('a variable', () => {
  const env = entries('PATHS=no', 'PATH=first', 'PATH=second', 'EMPTY=', 'PA=no', 'NOTHING')
  test.each([
    ['PATH', 'first'],
    ['EMPTY', ''],
    ['PA', 'no'],
  ])('%s has its first value', (name, value) => {
    expect(Buffer.from(variable(env, name) ?? 'not set').toString()).toBe(value)
  })

  test.each(['P', 'NOTHING', 'path', ''])('%j is not set', name => {
    expect(variable(env, name)).toBeUndefined()
  })
})

describe('an environment with variables set anew', () => {
  test('has each once, and the rest as it was', () => {
    const env = entries('A=1', 'CUDA=old', 'CUDA_X=stays', 'CUDA=older', 'odd')
    expect(texts(withVariables(env, { CUDA: '0,1', NEW: '' }))).toEqual([
      'A=1',
      'CUDA_X=stays',
      'odd',
      'CUDA=0,1',
      'NEW=',
    ])
  })

  test('gives them back, and does not touch the bytes of others', () => {
    const entry = fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom(...entries('A=1', 'B=', 'AB=2', 'A', '=A')),
    )
    fc.assert(
      fc.property(fc.array(entry), fc.string(), (env, value) => {
        const changed = withVariables(env, { A: value })
        expect(Buffer.from(variable(changed, 'A') ?? [0]).toString()).toBe(Buffer.from(value).toString())
        const others = env.filter(bytes => !Buffer.from(bytes).toString('latin1').startsWith('A='))
        expect(changed.slice(0, -1)).toEqual(others)
      }),
    )
  })
})
