import { describe, expect, test } from 'bun:test'
import type { HostPool } from '../../src/core/fleet.ts'
import { findHosts, SILENT_MS, viewHost } from '../../src/core/host-view.ts'
import { poolStatus } from '../../src/core/status.ts'
import { aHost } from '../helpers/memory-fleet.ts'
import {
  aManual,
  anEntry,
  anyGpus,
  aPool,
  aRun,
  busy,
  HOUR,
  idle,
  MINUTE,
  NOW,
  SECOND,
  usageOf,
} from '../helpers/pools.ts'

const view = (parts: Partial<HostPool> = {}) => viewHost(aHost(parts), 100)
const names = (hosts: readonly Partial<HostPool>[], count: number, own = 'elsewhere') =>
  findHosts(hosts.map(view), count, own).map(({ view: { host } }) => host)
/** A host with so many of eight GPUs free. */
const withFree = (host: string, free: number, parts: Partial<HostPool> = {}) => ({
  host,
  pool: aPool({
    gpus: 8,
    reservations: free === 8 ? [] : [aManual({ gpus: Array.from({ length: 8 - free }, (_, at) => at) })],
  }),
  probed: { usage: idle(8), agoMs: SECOND },
  ...parts,
})

describe('a host seen from another one', () => {
  test('is judged by its own clock', () => {
    const held = aManual({ gpus: [0], expiresAt: NOW + HOUR })
    const pool = aPool({ gpus: 1, reservations: [held] })
    expect(view({ pool, now: NOW + HOUR - 1 }).summary.reserved).toBe(1)
    expect(view({ pool, now: NOW + HOUR }).summary.reserved).toBe(0)
  })

  test('keeps a run whose process cannot be seen while it gives signs of life', () => {
    const pool = aPool({ gpus: 1, reservations: [aRun({ heartbeatAt: NOW - 5 * MINUTE })] })
    expect(view({ pool }).summary.reserved).toBe(1)
    expect(view({ pool, now: NOW + 1 }).summary.reserved).toBe(0)
  })

  test('shows processes of the own host to be gone at once', () => {
    const pool = aPool({ gpus: 1, reservations: [aRun()] })
    expect(viewHost(aHost({ pool }), 100, new Map([['run-1', 'gone']])).summary.reserved).toBe(0)
  })

  test('is silent after five minutes', () => {
    expect(view({ lastSignAgoMs: SILENT_MS }).isSilent).toBeFalse()
    expect(view({ lastSignAgoMs: SILENT_MS + 1 }).isSilent).toBeTrue()
  })

  test('has no GPU that is promised to be free when nobody has ever left what a probe said', () => {
    expect(view({ probed: null }).summary).toMatchObject({ free: 0, notValidated: 4 })
  })

  test('promises nothing of a GPU that came free after the probe, whatever the probe saw on it', () => {
    const probed = { usage: usageOf(busy(9000, 7), busy(0), busy(0)), agoMs: 10 * SECOND }
    const pool = aPool({ gpus: [NOW - 10 * SECOND, NOW - 9 * SECOND, NOW - 11 * SECOND] })
    const { pool: settled, facts } = view({ pool, probed })
    expect(poolStatus(settled, facts)).toMatchObject([
      { state: 'available', validation: { kind: 'not-validated' } },
      { state: 'available', validation: { kind: 'not-validated' } },
      { state: 'available', validation: { kind: 'idle' } },
    ])
  })
})

describe('finding hosts', () => {
  test('names those that could give so many, the one where the fewest are left over first', () => {
    expect(names([withFree('a', 8), withFree('b', 3), withFree('c', 4), withFree('d', 6)], 4)).toEqual([
      'c',
      'd',
      'a',
    ])
  })

  test('takes the own host first, and otherwise goes by name', () => {
    const hosts = [withFree('c', 4), withFree('b', 4), withFree('a', 8)]
    expect(names(hosts, 2, 'a')).toEqual(['a', 'b', 'c'])
  })

  test('takes silent hosts, and those where nobody has looked since GPUs came free, last', () => {
    const cameFree = {
      ...withFree('b', 8),
      pool: aPool({ gpus: 8, reservations: [aRun({ gpus: [0], heartbeatAt: NOW - HOUR })] }),
      probed: { usage: usageOf(...Array.from({ length: 8 }, () => busy(9000, 7))), agoMs: 2 * HOUR },
    }
    const hosts = [withFree('a', 2, { lastSignAgoMs: HOUR }), cameFree, withFree('c', 8)]
    expect(names(hosts, 1)).toEqual(['c', 'b', 'a'])
    expect(names(hosts, 1, 'a')).toEqual(['a', 'c', 'b'])
  })

  test('does not send anybody to GPUs that those who wait there get first', () => {
    const queue = [anEntry({ wanted: anyGpus(3) })]
    const pool = aPool({ gpus: 4, queue })
    expect(names([{ pool }], 1)).toEqual(['gpu-01'])
    expect(names([{ pool }], 2)).toEqual([])
  })

  test('takes hosts at which nobody has ever looked last, but for the own one', () => {
    const hosts = [withFree('a', 8, { probed: null }), withFree('b', 8)]
    expect(names(hosts, 8)).toEqual(['b', 'a'])
    expect(names(hosts, 8, 'a')).toEqual(['a', 'b'])
    expect(names([withFree('a', 3, { probed: null })], 4)).toEqual([])
  })

  test('hopes for no GPU that the tool did not report', () => {
    expect(names([{ probed: { usage: idle(3), agoMs: SECOND } }], 4)).toEqual([])
  })
})

test('200 hosts of 8 GPUs are looked at in a few milliseconds', () => {
  const hosts = Array.from({ length: 200 }, (_, number) =>
    aHost({
      host: `gpu-${number}`,
      pool: aPool({ gpus: 8, reservations: [aRun({ gpus: [0, 1] }), aManual({ gpus: [5] })] }),
      probed: { usage: idle(8), agoMs: 0 },
    }),
  )
  const from = performance.now()
  const views = hosts.map(host => viewHost(host, 100))
  expect(findHosts(views, 5, 'gpu-7')).toHaveLength(200)
  expect(performance.now() - from).toBeLessThan(500)
})
