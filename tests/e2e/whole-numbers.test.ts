import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { canhazgpu } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'

const NOT_POSITIVE_INTEGERS = [
  '0',
  '-1',
  '+1',
  '1.5',
  '1e3',
  'abc',
  '',
  ' 1',
  '0x10',
  '٣',
  '1025',
  '1'.repeat(20),
]
/** The threshold may be 0: then any use counts. */
const NOT_WHOLE_NUMBERS = NOT_POSITIVE_INTEGERS.filter(text => text !== '0' && text !== '1025')

let host: Host
beforeAll(async () => {
  host = await Host.withPool(2)
})
afterAll(() => host[Symbol.dispose]())

describe.each([
  ['admin', ['admin', '--force'], []],
  ['reserve', ['reserve'], []],
  ['run', ['run'], ['--', 'true']],
])('--gpus of %s', (_name, before, behind) => {
  test.each(NOT_POSITIVE_INTEGERS)('refuses "%s", with an example', async text => {
    const stderr = `Error: Invalid value for --gpus: "${text}". Use a whole number from 1 to 1024, for example --gpus `
    for (const words of [['--gpus', text], [`--gpus=${text}`]]) {
      const outcome = await host.canhazgpu(...before, ...words, ...behind)
      expect(outcome).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining(stderr) })
    }
  })

  test('is refused without a value', async () => {
    const outcome = await host.canhazgpu(...before, '--gpus', ...behind)
    expect(outcome).toMatchObject({ status: 2, stdout: '' })
    expect(outcome.stderr).toStartWith('Error: Option --gpus needs a value, for example --gpus ')
  })
})

test('admin without --gpus is refused, with an example', async () => {
  expect(await host.canhazgpu('admin', '--force')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: 'Error: Missing option --gpus, for example --gpus 8\n',
  })
})

describe.each([
  ['admin', ['admin', '--gpus', '2', '--force'], []],
  ['status', ['status'], []],
  ['reserve', ['reserve'], []],
  ['release', ['release'], []],
  ['run', ['run'], ['--', 'true']],
])('--memory-threshold of %s', (_name, before, behind) => {
  test('refuses all that is not a whole number, as an option and as a variable', async () => {
    for (const text of NOT_WHOLE_NUMBERS) {
      const said = (source: string) =>
        `Error: Invalid value for ${source}: "${text}". Use a whole number from 0 to 100000000, for example --memory-threshold 500\n`
      const outcome = await host.canhazgpu(...before, '--memory-threshold', text, ...behind)
      expect(outcome).toMatchObject({ status: 2, stdout: '', stderr: said('--memory-threshold') })
      // An empty variable counts as none.
      if (text === '') continue
      const env = { ...host.env, CANHAZGPU_MEMORY_THRESHOLD: text }
      expect(await canhazgpu([...before, ...behind], { env })).toMatchObject({
        status: 2,
        stdout: '',
        stderr: said('CANHAZGPU_MEMORY_THRESHOLD'),
      })
    }
  })
})

test('none of these took a GPU or cleared the pool', async () => {
  expect(await host.status()).toEqual(['GPU 0: AVAILABLE', 'GPU 1: AVAILABLE'])
})
