import type { Option } from './options.ts'

const DEFAULT_SECONDS = 2

/** Milliseconds between two looks, null for one look only. */
export function watchInterval(details: { help: string; example: string }): Option<number | null> {
  return {
    ...details,
    placeholder: 'SECONDS',
    bare: String(DEFAULT_SECONDS),
    expected: 'seconds from 0.1 to 3600, or false',
    parse: text => {
      if (text === 'false') return null
      const seconds = /^\d{1,4}(\.\d{1,3})?s?$/.test(text) ? Number.parseFloat(text) : Number.NaN
      return seconds >= 0.1 && seconds <= 3600 ? seconds * 1000 : undefined
    },
    fallback: null,
  }
}
