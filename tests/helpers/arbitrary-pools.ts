import type { Sighting } from '../../src/core/expire.ts'
import type { Pool, Reservation } from '../../src/core/pool.ts'
import type { Facts } from '../../src/core/reserve.ts'
import type { GpuUsage } from '../../src/core/usage.ts'
import fc from './fast-check.ts'
import { aHolder, aManual, aPool, aProcess, aRun, HOUR, NOW } from './pools.ts'

/** A pool and what is known of the world around it; anything that can be. */
export interface Situation {
  readonly pool: Pool
  readonly facts: Facts
}

/** Around now, so that ends and silences fall on both sides of it, and just on it. */
const instant = fc.oneof(
  fc.integer({ min: NOW - HOUR, max: NOW + HOUR }),
  fc.constantFrom(NOW - 300_001, NOW - 300_000, NOW - 299_999, NOW - 1, NOW, NOW + 1),
)

const gpuUsage: fc.Arbitrary<GpuUsage | null> = fc.option(
  fc.record({
    memoryUsedMiB: fc.option(fc.constantFrom(0, 1, 99, 100, 101, 8452)),
    processes: fc.array(
      fc.record({
        pid: fc.integer({ min: 1, max: 99_999 }),
        name: fc.string(),
        memoryMiB: fc.option(fc.constantFrom(0, 60, 101)),
      }),
      { maxLength: 2 },
    ),
  }),
  { freq: 6 },
)

/** Who has a GPU: the number of a reservation, of which it is one of the GPUs; 0 for nobody. */
const slot = fc.record({
  reservation: fc.nat(6),
  lastReleasedAt: fc.option(instant),
  usage: gpuUsage,
})

const terms = fc.record({
  type: fc.constantFrom('run' as const, 'manual' as const),
  uid: fc.constantFrom(1000, 1001, 1002),
  at: instant,
  sighting: fc.constantFrom<(Sighting | 'missing')[]>('alive', 'ended', 'gone', 'unseen', 'missing'),
})

export const situation: fc.Arbitrary<Situation> = fc
  .record({
    slots: fc.array(slot, { minLength: 1, maxLength: 12 }),
    terms: fc.array(terms, { minLength: 7, maxLength: 7 }),
  })
  .map(({ slots, terms }) => {
    const reservations = terms.flatMap(({ type, uid, at }, number): Reservation[] => {
      const gpus = slots.flatMap(({ reservation }, index) => (reservation === number ? [index] : []))
      if (number === 0 || gpus.length === 0) return []
      const claim = { id: `r${number}`, holder: aHolder(uid), gpus }
      return [
        type === 'run'
          ? aRun({ ...claim, heartbeatAt: at, processes: [aProcess(number)] })
          : aManual({ ...claim, expiresAt: at }),
      ]
    })
    const sightings = new Map(
      terms.flatMap(({ sighting }, number): [string, Sighting][] =>
        sighting === 'missing' ? [] : [[`r${number}`, sighting]],
      ),
    )
    const gpus = new Map(
      slots.flatMap(({ usage }, index): [number, GpuUsage][] => (usage ? [[index, usage]] : [])),
    )
    return {
      pool: aPool({ gpus: slots.map(({ lastReleasedAt }) => lastReleasedAt), reservations }),
      facts: { usage: { tool: 'nvidia-smi', gpus }, memoryThresholdMiB: 100, sightings, now: NOW },
    }
  })
