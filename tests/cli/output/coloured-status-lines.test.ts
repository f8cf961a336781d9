import { describe, expect, test } from 'bun:test'
import type { Colour } from '../../../src/cli/output/colour.ts'
import { detailsNote, statusLines } from '../../../src/cli/output/status-lines.ts'
import type { Usage } from '../../../src/core/usage.ts'
import { aHolder, aManual, aPool, busy, NOW, someFacts, usageOf } from '../../helpers/pools.ts'

describe('the details of a GPU', () => {
  const known = {
    name: 'NVIDIA H100 80GB HBM3',
    memoryTotalMiB: 81559,
    utilizationPercent: 37,
    temperatureCelsius: 45,
  }
  const unknown = { name: null, memoryTotalMiB: null, utilizationPercent: null, temperatureCelsius: null }

  test.each([
    [known, ' [NVIDIA H100 80GB HBM3, 81559MB, 37% utilization, 45C]'],
    [
      { ...known, utilizationPercent: 0, temperatureCelsius: 0 },
      ' [NVIDIA H100 80GB HBM3, 81559MB, 0% utilization, 0C]',
    ],
    [{ ...known, memoryTotalMiB: null, utilizationPercent: null }, ' [NVIDIA H100 80GB HBM3, 45C]'],
    [{ ...unknown, memoryTotalMiB: 81559 }, ' [81559MB]'],
    [unknown, ''],
    [undefined, ''],
  ])('%j are %j', (details, note) => {
    expect(detailsNote(details)).toBe(note)
  })

  test('stand at the end of its line, and not on the line of another', () => {
    const usage = usageOf({ ...busy(0), details: known }, busy(45))
    const shown = statusLines(aPool({ gpus: 2 }), { ...someFacts(), usage }, () => null)
    expect(shown.map(({ text }) => text)).toEqual([
      'GPU 0: AVAILABLE [NVIDIA H100 80GB HBM3, 81559MB, 37% utilization, 45C]',
      'GPU 1: AVAILABLE [validated: 45MB used]',
    ])
  })
})

describe('the colour of a line', () => {
  const drain = { at: NOW, by: aHolder(), note: 'broken' }
  const reserved = [aManual({ gpus: [0] })]
  const idleGpu = usageOf(busy(0))

  test.each<[string, Parameters<typeof aPool>[0], Usage | null, string, string]>([
    ['that is free', {}, idleGpu, 'AVAILABLE', 'green'],
    ['that may be free, or not', {}, null, 'AVAILABLE', 'yellow'],
    ['that is reserved', { reservations: reserved }, idleGpu, 'IN USE', 'yellow'],
    ['that is used without asking', {}, usageOf(busy(500)), 'IN USE WITHOUT RESERVATION', 'red'],
    ['that is drained', { gpus: [{ drain }] }, idleGpu, 'DRAINED', 'magenta'],
    ['that is not reported', {}, usageOf(), 'UNAVAILABLE', 'red'],
  ])('of a GPU %s is on the words for its state alone', (_, parts, usage, words, colour) => {
    const [line] = statusLines(aPool({ gpus: 1, ...parts }), { ...someFacts(), usage }, () => null)
    expect(line?.text.slice(line.from, line.to)).toBe(words)
    expect([line?.from, line?.colour]).toEqual(['GPU 0: '.length, colour as Colour])
  })
})
