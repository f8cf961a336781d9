import { describe, expect, test } from 'bun:test'
import { checkClock } from '../../../src/cli/doctor/clock.ts'
import { checkGpus } from '../../../src/cli/doctor/gpus.ts'
import { checkProc } from '../../../src/cli/doctor/proc.ts'
import { checkReservations } from '../../../src/cli/doctor/reservations.ts'
import { checkIndexOrder, checkMig, checkPersistenceMode } from '../../../src/cli/doctor/set-up.ts'
import { checkUnreservedUse } from '../../../src/cli/doctor/unreserved-use.ts'
import type { GpuSetUp } from '../../../src/probe/nvidia-smi-health.ts'
import { hostFacts } from '../../helpers/host-facts.ts'
import {
  aHolder,
  aManual,
  anEntry,
  aPool,
  aRun,
  busy,
  HOUR,
  MINUTE,
  NOW,
  usageOf,
} from '../../helpers/pools.ts'

const drain = { at: NOW - HOUR, by: aHolder(0), note: null }

/** A host whose GPUs are set up so. */
function setUp(...gpus: Partial<GpuSetUp>[]) {
  return hostFacts({
    pool: aPool({ gpus: gpus.length }),
    health: {
      driverVersion: '550',
      gpus: gpus.map((gpu, index) => ({
        index,
        persistenceMode: true,
        mig: false,
        busId: `00000000:0${index}:00.0`,
        ...gpu,
      })),
    },
  })
}

test('persistence mode is to be on for every GPU; one that does not tell is no reason to worry', () => {
  expect(checkPersistenceMode(setUp({}, { persistenceMode: null }))).toMatchObject({
    level: 'ok',
    text: 'on',
  })
  expect(checkPersistenceMode(setUp({}, { persistenceMode: false }))).toMatchObject({
    level: 'warning',
    text: expect.stringMatching(/^off on GPU\(s\) \[1\] - .*nvidia-smi -pm 1/),
  })
})

describe('MIG', () => {
  test('is to be off, or the GPU drained', () => {
    expect(checkMig(setUp({}, { mig: null }))).toMatchObject({ level: 'ok', text: 'off' })
    const facts = setUp({}, { mig: true })
    expect(checkMig(facts)).toMatchObject({
      level: 'warning',
      text: expect.stringMatching(/^on for GPU\(s\) \[1\] - .*admin --drain 1 --note MIG/),
    })
    expect(checkMig({ ...facts, pool: aPool({ gpus: [null, { drain }] }) })).toMatchObject({ level: 'ok' })
  })
})

describe('the index order', () => {
  test('is to be that of the PCI bus', () => {
    expect(checkIndexOrder(setUp({ busId: '00000000:3B:00.0' }, { busId: '00000000:AF:00.0' })).level).toBe(
      'ok',
    )
    expect(checkIndexOrder(setUp({}, { busId: null }, {})).level).toBe('ok')
    expect(
      checkIndexOrder(setUp({ busId: '00000000:AF:00.0' }, { busId: '00000000:3B:00.0' }, {})),
    ).toMatchObject({
      level: 'problem',
      text: expect.stringContaining('does not count GPU(s) [0, 2] in the order'),
    })
  })

  test.each([
    [undefined, 'ok'],
    ['PCI_BUS_ID', 'ok'],
    ['FASTEST_FIRST', 'warning'],
  ] as const)('is CUDA’s, too, with CUDA_DEVICE_ORDER=%s: %s', (cudaDeviceOrder, level) => {
    const finding = checkIndexOrder({ ...setUp({}, {}), cudaDeviceOrder })
    expect(finding.level).toBe(level)
    if (level === 'warning') expect(finding.text).toContain('CUDA_DEVICE_ORDER is FASTEST_FIRST')
  })
})

describe('/proc', () => {
  test.each([
    ['proc /proc proc rw,nosuid,nodev 0 0', 'ok'],
    ['proc /proc proc rw,hidepid=0 0 0', 'ok'],
    ['proc /proc proc rw,hidepid=off 0 0', 'ok'],
    ['proc /proc proc rw,hidepid=2 0 0', 'warning'],
    ['proc /proc proc rw,nosuid,hidepid=invisible,gid=27 0 0', 'warning'],
    ['sys /sys sysfs rw 0 0\nproc /proc proc rw,gid=27,hidepid=noaccess 0 0', 'warning'],
    ['proc /chroot/proc proc rw,hidepid=2 0 0', 'ok'],
    ['proc /proc proc rw,hidepid=2 0 0\nproc /proc proc rw 0 0', 'ok'],
  ] as const)('mounted as %j: %s', (line, level) => {
    const proc = { mounts: `sysfs /sys sysfs rw 0 0\n${line}\n`, self: '7', pid: 7 }
    expect(checkProc(hostFacts({ proc })).level).toBe(level)
  })

  test.each([['8'], [null]])('of another pid namespace, where we are %p, is a problem', self => {
    expect(checkProc(hostFacts({ proc: { mounts: '', self, pid: 7 } })).level).toBe('problem')
  })
})

describe('the GPUs of the pool', () => {
  test('are to be reported, or drained', () => {
    const usage = usageOf(busy(0), null, busy(0))
    expect(checkGpus(hostFacts({ pool: aPool({ gpus: 3 }), usage }))).toMatchObject({
      level: 'problem',
      text: expect.stringMatching(/GPU\(s\) \[1\] of the pool - .*--drain 1 /),
    })
    const pool = aPool({ gpus: [null, { drain }, null] })
    expect(checkGpus(hostFacts({ pool, usage })).level).toBe('ok')
    expect(checkGpus(hostFacts({ pool: null, usage })).level).toBe('ok')
  })
})

describe('the clock', () => {
  const later = NOW + 2 * HOUR + 5 * MINUTE
  test.each([
    ['an observation', aPool({ observedAt: later })],
    ['a heartbeat', aPool({ reservations: [aRun({ heartbeatAt: later })] })],
    ['a reservation', aPool({ reservations: [aManual({ reservedAt: later })] })],
    ['a release', aPool({ gpus: [later] })],
    ['a drain', aPool({ gpus: [{ drain: { ...drain, at: later } }] })],
    ['a request', aPool({ queue: [anEntry({ queuedAt: later })] })],
  ])('is doubted when %s lies in the future', (_, pool) => {
    expect(checkClock(hostFacts({ pool }))).toMatchObject({
      level: 'warning',
      text: expect.stringContaining('lies 2h 5m 0s in the future'),
    })
  })

  test('is believed when only what is to come lies in the future', () => {
    const pool = aPool({
      observedAt: NOW + 500,
      reservations: [aManual({ expiresAt: later }), aRun({ gpus: [1], endsAt: later })],
    })
    expect(checkClock(hostFacts({ pool })).level).toBe('ok')
    expect(checkClock(hostFacts({ pool: null })).level).toBe('ok')
  })
})

test('use without a reservation is named as status names it, a drained GPU’s too', () => {
  const pool = aPool({ gpus: [null, { drain }, null], reservations: [aManual({ gpus: [2] })] })
  const usage = usageOf(busy(500), busy(700), busy(900))
  expect(checkUnreservedUse(hostFacts({ pool, usage }))).toMatchObject({
    level: 'warning',
    text: expect.stringMatching(
      /^GPU 0: IN USE WITHOUT RESERVATION by unknown - 500MB used; GPU 1: IN USE WITHOUT RESERVATION by unknown - 700MB used \[drained by user0\] - ask them/,
    ),
  })
  expect(checkUnreservedUse(hostFacts()).level).toBe('ok')
})

describe('reservations', () => {
  const run = aRun({ gpus: [1], processes: [{ bootId: 'b', pidNamespace: 'n', pid: 4711, startTicks: 1 }] })
  const withSighting = (reservation: typeof run, sighting: 'alive' | 'gone' | 'unseen') =>
    checkReservations(
      hostFacts({
        pool: aPool({ reservations: [reservation] }),
        sightings: new Map([[reservation.id, sighting]]),
      }),
    )

  test('of dead commands are named', () => {
    expect(withSighting(run, 'gone')).toMatchObject({
      level: 'warning',
      text: expect.stringMatching(
        /^the run of user1000 on GPU\(s\) \[1\] \(PID 4711\) is dead - nothing to do/,
      ),
    })
  })

  test('without a keeper are named', () => {
    expect(withSighting({ ...run, heartbeatAt: NOW - 4 * MINUTE }, 'alive')).toMatchObject({
      level: 'warning',
      text: expect.stringContaining('no sign of life for 0h 4m 0s - its keeper is gone'),
    })
    expect(withSighting({ ...run, heartbeatAt: NOW - 2 * MINUTE }, 'alive').level).toBe('ok')
    expect(withSighting({ ...run, heartbeatAt: NOW - 6 * MINUTE }, 'unseen').text).toContain('is dead')
  })

  test('that have expired are as they should be', () => {
    const pool = aPool({ reservations: [aManual({ expiresAt: NOW - HOUR })] })
    expect(checkReservations(hostFacts({ pool })).level).toBe('ok')
  })
})
