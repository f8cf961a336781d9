import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Host } from '../helpers/host.ts'

let host: Host
beforeAll(async () => {
  host = await Host.withPool(1)
})
afterAll(() => host[Symbol.dispose]())

describe('reserve --duration', () => {
  test.each([
    ['30s', '0h 0m 30s'],
    ['1s', '0h 0m 1s'],
    ['30m', '0h 30m 0s'],
    ['2h', '2h 0m 0s'],
    ['1d', '24h 0m 0s'],
    ['365d', '8760h 0m 0s'],
    ['0.5h', '0h 30m 0s'],
    ['.5h', '0h 30m 0s'],
    ['1h30m', '1h 30m 0s'],
    ['1d2h3m4s', '26h 3m 4s'],
    ['90m', '1h 30m 0s'],
    ['2H', '2h 0m 0s'],
    ['1H 30M', '1h 30m 0s'],
    ['  1 h  30 m ', '1h 30m 0s'],
  ])('takes "%s"', async (text, shown) => {
    const { status, stdout, stderr } = await host.canhazgpu('reserve', '--duration', text)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toStartWith(`Reserved 1 GPU(s): [0] for ${shown} (until `)
    await host.canhazgpu('release')
  })

  test('is 8h when nobody says', async () => {
    expect((await host.canhazgpu('reserve')).stdout).toStartWith(
      'Reserved 1 GPU(s): [0] for 8h 0m 0s (until ',
    )
    await host.canhazgpu('release')
  })

  test.each([
    ...['abc', '5', '-1h', '0m', '', '1e9d', 'NaN', 'Infinityh', '0x10h', 'Infinity', '٣h'],
    ...['0.5s', '0h0m0s', '365d1s', '366d', `${'9'.repeat(400)}h`, '1h1h', '30m1h', '1h30', '1,5h', '1 h 30'],
  ])('refuses "%s" with an example that works', async text => {
    const { status, stdout, stderr } = await host.canhazgpu('reserve', '--duration', text)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toBe(
      `Error: Invalid value for --duration: "${text.replace(/^(.{60}).+$/, '$1…')}". Use a duration from 1s to 365d, for example --duration 4h\n`,
    )
    const example = /for example (.*)$/m.exec(stderr)?.[1]?.split(' ') ?? []
    const reserved = await host.canhazgpu('reserve', ...example)
    // It works, and so the refusal before it has taken nothing.
    expect(reserved.stdout).toStartWith('Reserved 1 GPU(s): [0] for 4h 0m 0s (until ')
    await host.canhazgpu('release')
  })
})
