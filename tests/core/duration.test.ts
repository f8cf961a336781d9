import { describe, expect, test } from 'bun:test'
import { formatDuration, parseDuration } from '../../src/core/duration.ts'
import fc from '../helpers/fast-check.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../helpers/pools.ts'

describe('parseDuration', () => {
  test.each([
    ['30s', 30 * SECOND],
    ['30m', 30 * MINUTE],
    ['2h', 2 * HOUR],
    ['1d', DAY],
    ['0.5h', 30 * MINUTE],
    ['.5h', 30 * MINUTE],
    ['1h30m', 90 * MINUTE],
    ['1d2h3m4s', DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND],
    ['1d4s', DAY + 4 * SECOND],
    ['90m', 90 * MINUTE],
    ['007h', 7 * HOUR],
    ['0m', 0],
    ['0.1s', 100],
    ['0.0004s', 0],
    ['1.5h1.5m', 90 * MINUTE + 90 * SECOND],
    ['30M', 30 * MINUTE],
    ['2H', 2 * HOUR],
    ['1D 2H 3M 4S', DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND],
    ['1h 30m', 90 * MINUTE],
    [' 1 h  30 m ', 90 * MINUTE],
    ['\t2h\n', 2 * HOUR],
  ])('reads %j', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  test.each([
    ['no number', 'abc'],
    ['no unit', '5'],
    ['no unit at the end', '1h30'],
    ['nothing', ''],
    ['only spaces', '  '],
    ['only a unit', 'h'],
    ['a sign', '-1h'],
    ['a plus', '+1h'],
    ['an exponent', '1e9d'],
    ['not a number', 'NaN'],
    ['not a number with a unit', 'NaNh'],
    ['infinity', 'Infinityh'],
    ['hexadecimal', '0x10h'],
    ['a decimal comma', '0,5h'],
    ['two points', '1.5.5h'],
    ['a point without decimals', '1.h'],
    ['only a point', '.h'],
    ['a unit twice', '1h1h'],
    ['units from small to large', '30m1h'],
    ['a space inside of a number', '1 0h'],
    ['words', '2 hours'],
    ['milliseconds', '5ms'],
    ['weeks', '1w'],
    ['digits of another script', '٣h'],
    ['a long s', '5ſ'],
    ['a second line', '1h\nabc'],
    ['grouped digits', '1_000s'],
  ])('refuses %s: %j', (_, text) => {
    expect(parseDuration(text)).toBeNull()
  })

  test('gives whole milliseconds for up to three decimals in every unit', () => {
    const thousandths = fc.option(fc.nat(5_000_000), { nil: undefined })
    const space = fc.constantFrom('', ' ', '  ')
    fc.assert(
      fc.property(thousandths, thousandths, thousandths, thousandths, space, fc.boolean(), (...given) => {
        const [days, hours, minutes, seconds, gap, upper] = given
        const parts = [
          { amount: days, unit: 'd', unitMs: DAY },
          { amount: hours, unit: 'h', unitMs: HOUR },
          { amount: minutes, unit: 'm', unitMs: MINUTE },
          { amount: seconds, unit: 's', unitMs: SECOND },
        ].flatMap(({ amount, ...part }) => (amount === undefined ? [] : [{ amount, ...part }]))
        fc.pre(parts.length > 0)
        const text = parts.map(({ amount, unit }) => `${decimal(amount)}${gap}${unit}`).join(gap)
        const ms = parts.reduce((sum, { amount, unitMs }) => sum + (amount * unitMs) / 1000, 0)
        expect(parseDuration(upper ? text.toUpperCase() : text)).toBe(ms)
      }),
    )
  })

  test('agrees with a reader that goes letter by letter, whatever the text', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123459.. dhmsDHMS-+ex'), maxLength: 12 })
    fc.assert(
      fc.property(text, text => {
        const [given, expected] = [parseDuration(text), readSlowly(text)]
        if (given === null || expected === null) expect(given).toBe(expected)
        else expect(Math.abs(given - expected)).toBeLessThanOrEqual(0.5 + expected * 1e-12)
      }),
      { numRuns: 3000 },
    )
  })

  test('answers at once for a text that is long and almost right', () => {
    for (const text of ['1'.repeat(100_000), `${' '.repeat(100_000)}x`, `1h${' '.repeat(100_000)}1`]) {
      expect(parseDuration(text)).toBeNull()
    }
  })
})

describe('formatDuration', () => {
  test.each([
    [0, '0h 0m 0s'],
    [999, '0h 0m 0s'],
    [SECOND, '0h 0m 1s'],
    [MINUTE - 1, '0h 0m 59s'],
    [MINUTE, '0h 1m 0s'],
    [30 * MINUTE + 15 * SECOND, '0h 30m 15s'],
    [HOUR - 1, '0h 59m 59s'],
    [3 * HOUR + 15 * MINUTE + 45 * SECOND, '3h 15m 45s'],
    [DAY, '24h 0m 0s'],
    [2 * DAY + 61 * SECOND, '48h 1m 1s'],
    [365 * DAY, '8760h 0m 0s'],
    [-1, '0h 0m 0s'],
    [-5 * HOUR, '0h 0m 0s'],
  ])('writes %d ms as %j', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  test('can be read back, to the second', () => {
    fc.assert(
      fc.property(fc.nat(400 * DAY), ms => {
        expect(parseDuration(formatDuration(ms))).toBe(ms - (ms % SECOND))
      }),
    )
  })
})

function decimal(thousandths: number): string {
  const rest = thousandths % 1000
  const whole = (thousandths - rest) / 1000
  return rest === 0 ? String(whole) : `${whole}.${String(rest).padStart(3, '0')}`
}

/** What a duration is, said the long way. */
function readSlowly(text: string): number | null {
  const letters = [...text.toLowerCase()]
  const units = ['d', 'h', 'm', 's']
  const unitMs = [DAY, HOUR, MINUTE, SECOND]
  let [sum, next, parts] = [0, 0, 0]
  const skip = () => {
    while (letters[0] === ' ') letters.shift()
  }
  for (skip(); letters.length > 0; skip()) {
    let number = ''
    while (letters[0] !== undefined && '0123456789.'.includes(letters[0])) number += letters.shift()
    skip()
    const unit = units.indexOf(letters.shift() ?? '')
    const [whole = '', decimals, ...more] = number.split('.')
    if (unit < next || more.length > 0 || decimals === '' || (whole === '' && !decimals)) return null
    sum += Number(`${whole || '0'}.${decimals ?? '0'}`) * (unitMs[unit] ?? 0)
    next = unit + 1
    parts++
  }
  return parts > 0 ? sum : null
}
