import { describe, expect, test } from 'bun:test'
import { jsonDocument, seconds, time } from '../../../../src/cli/output/json/document.ts'
import { queueDocument } from '../../../../src/cli/output/json/queue.ts'
import { statusDocument } from '../../../../src/cli/output/json/status.ts'
import { safeText } from '../../../../src/cli/output/safe-text.ts'
import { situation } from '../../../helpers/arbitrary-pools.ts'
import fc from '../../../helpers/fast-check.ts'
import { anEntry, aPool, aRun, busy, NOW, someFacts, usageOf } from '../../../helpers/pools.ts'
import { documentIn } from '../../../helpers/schema.ts'

describe('a document', () => {
  test('is one line that no name in it can break, and gives every name back as it was', () => {
    const name = fc.string({
      unit: fc.oneof(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
        fc.constantFrom('"', '\\', '\n', '\x1b', '\x7f', '\x9b', '\u2028', '\u202e', '\ud800'),
      ),
    })
    fc.assert(
      fc.property(name, name => {
        const line = jsonDocument('made', { name })
        expect(safeText(line)).toBe(line)
        expect(JSON.parse(line)).toEqual({ version: 1, kind: 'made', name })
      }),
    )
  })

  test.each([
    [0, '1970-01-01T00:00:00.000Z'],
    [NOW + 5, '2026-01-15T12:00:00.005Z'],
    [null, null],
  ])('tells the instant %j as %j', (at, text) => {
    expect(time(at)).toBe(text)
  })

  test.each([
    [1500, 1.5],
    [-3, 0],
    [3_600_000, 3600],
  ])('tells %d ms as %d s', (ms, length) => {
    expect(seconds(ms)).toBe(length)
  })
})

describe('the schema', () => {
  test('holds the status of any pool, whether the tool answers or not', () => {
    fc.assert(
      fc.property(situation, fc.boolean(), ({ pool, facts }, toolFails) => {
        const seen = { ...facts, usage: toolFails ? null : facts.usage }
        documentIn(`${statusDocument(pool, seen, pid => (pid % 2 ? 'bob' : null))}\n`)
      }),
      { numRuns: 300 },
    )
  })

  test('holds the line in front of any pool', () => {
    fc.assert(
      fc.property(situation, fc.nat(3), ({ pool, facts }, length) => {
        const queue = Array.from({ length }, (_, place) =>
          anEntry({
            id: `q${place}`,
            durationMs: place === 1 ? 1500 : null,
            alias: place === 2 ? 'carol' : null,
          }),
        )
        const document = documentIn(`${queueDocument({ ...pool, queue }, facts)}\n`)
        expect(document.requests).toBeArrayOfSize(length)
      }),
      { numRuns: 200 },
    )
  })
})

describe('status for programs', () => {
  test.each([
    ['nobody can validate it', null, 'unknown', 'not_validated'],
    ['the tool does not report it', usageOf(), 'unknown', 'not_reported'],
    ['it is idle', usageOf(busy(45)), 'available', 'idle'],
    ['somebody uses it', usageOf(busy(45, 1)), 'in_use_without_reservation', 'in_use'],
  ])('promises a GPU only when it is validated to be free: %s', (_, usage, state, validation) => {
    const line = statusDocument(aPool({ gpus: 1 }), { ...someFacts(), usage }, () => null)
    expect(JSON.parse(line)).toMatchObject({ is_validated: usage !== null, gpus: [{ state, validation }] })
  })

  test('does not tell of a GPU as unused that is used right now', () => {
    const pool = aPool({
      gpus: [{ unusedSince: NOW - 5000 }, { unusedSince: NOW - 5000 }],
      reservations: [aRun({ gpus: [0, 1] })],
    })
    const line = statusDocument(pool, { ...someFacts(), usage: usageOf(busy(500, 1), busy(0)) }, () => null)
    expect(JSON.parse(line).gpus.map((gpu: { unused_since: unknown }) => gpu.unused_since)).toEqual([
      null,
      time(NOW - 5000),
    ])
  })
})
