import type { HostFacts } from '../../src/cli/doctor/facts.ts'
import { aPool, idle, NOW } from './pools.ts'

/** What a doctor looks at on a host that is well. */
export function hostFacts(parts: Partial<HostFacts> = {}): HostFacts {
  return {
    store: { path: '/pool/pool.db', files: [], unwritable: null, schema: null },
    storeWords: null,
    pool: aPool({ gpus: 2 }),
    poolError: null,
    sightings: new Map(),
    health: {
      driverVersion: '550.54.15',
      gpus: [0, 1].map(index => ({
        index,
        persistenceMode: true,
        mig: null,
        busId: `00000000:0${index}:00.0`,
      })),
    },
    usage: idle(2),
    memoryThresholdMiB: 100,
    cudaDeviceOrder: undefined,
    proc: { mounts: 'proc /proc proc rw,nosuid 0 0\n', self: '7', pid: 7 },
    now: NOW,
    ...parts,
  }
}
