import { describe, expect, test } from 'bun:test'
import { statusLine } from '../../../src/cli/output/status-lines.ts'
import { poolStatus } from '../../../src/core/status.ts'
import type { GpuProcess, GpuUsage, Usage } from '../../../src/core/usage.ts'
import { documentText } from '../../helpers/documents.ts'
import {
  aManual,
  aPool,
  aRun,
  busy,
  DAY,
  HOUR,
  MINUTE,
  NOW,
  SECOND,
  someFacts,
  usageOf,
} from '../../helpers/pools.ts'

const alice = { uid: 1, userName: 'alice' }
const charlie = { uid: 3, userName: 'charlie' }
const ago = (hours: number, minutes: number, seconds: number) =>
  NOW - hours * HOUR - minutes * MINUTE - seconds * SECOND

/** The lines of `status`, from the rules to the words. */
function lines(
  { gpus, reservations = [], usage }: Parameters<typeof aPool>[0] & { usage: Usage | null },
  owners: Readonly<Record<number, string>> = {},
): string[] {
  const pool = aPool({ ...(gpus === undefined ? {} : { gpus }), reservations })
  return poolStatus(pool, { ...someFacts(), usage }).map(status =>
    statusLine(status, NOW, pid => owners[pid] ?? null),
  )
}

function process(pid: number, name: string): GpuProcess {
  return { pid, name, memoryMiB: 512 }
}

test('the four lines of the specification come out word for word', () => {
  const usage = usageOf(
    busy(45),
    busy(8452, 1),
    {
      memoryUsedMiB: 1024,
      processes: [process(12345, '/usr/bin/python3'), process(67890, '/opt/conda/bin/jupyter')],
    },
    busy(0),
  )
  const reservations = [
    aRun({ gpus: [1], holder: alice, reservedAt: ago(0, 15, 30), heartbeatAt: ago(0, 0, 5) }),
    aManual({
      gpus: [3],
      holder: charlie,
      reservedAt: ago(1, 2, 15),
      expiresAt: NOW + 3 * HOUR + 15 * MINUTE + 45 * SECOND,
    }),
  ]
  const gpus = [ago(0, 30, 15), null, null, null]
  expect(lines({ gpus, reservations, usage }, { 12345: 'bob', 67890: 'bob' })).toEqual([
    'GPU 0: AVAILABLE (last released 0h 30m 15s ago) [validated: 45MB used]',
    'GPU 1: IN USE by alice for 0h 15m 30s (run, last heartbeat 0h 0m 5s ago) [validated: 8452MB, 1 processes]',
    'GPU 2: IN USE WITHOUT RESERVATION by user bob - 1024MB used by PID 12345 (python3), PID 67890 (jupyter)',
    'GPU 3: IN USE by charlie for 1h 2m 15s (manual, expires in 3h 15m 45s) [validated: no actual usage detected]',
  ])
})

describe('an available GPU', () => {
  test.each([
    ['never released and empty', null, busy(0), 'AVAILABLE'],
    ['never released, with some memory used', null, busy(1), 'AVAILABLE [validated: 1MB used]'],
    ['with memory up to the threshold', null, busy(100), 'AVAILABLE [validated: 100MB used]'],
    ['of which the memory is unknown', null, busy(null), 'AVAILABLE'],
    ['released just now', NOW, busy(0), 'AVAILABLE (last released 0h 0m 0s ago)'],
    [
      'released in the future, by a clock that was put back',
      NOW + HOUR,
      busy(0),
      'AVAILABLE (last released 0h 0m 0s ago)',
    ],
    ['released days ago', NOW - 3 * DAY - 61_000, busy(0), 'AVAILABLE (last released 72h 1m 1s ago)'],
  ])('%s', (_, lastReleasedAt, usage, words) => {
    expect(lines({ gpus: [lastReleasedAt], usage: usageOf(usage) })).toEqual([`GPU 0: ${words}`])
  })

  test('that nobody can validate says so', () => {
    expect(lines({ gpus: [null, ago(0, 1, 0)], usage: null })).toEqual([
      'GPU 0: AVAILABLE [not validated]',
      'GPU 1: AVAILABLE (last released 0h 1m 0s ago) [not validated]',
    ])
  })

  test('that the tool does not report is UNAVAILABLE, with the tool’s name, whenever it was released', () => {
    expect(lines({ gpus: [null, NOW], usage: usageOf() })).toEqual([
      'GPU 0: UNAVAILABLE (not reported by nvidia-smi)',
      'GPU 1: UNAVAILABLE (not reported by nvidia-smi)',
    ])
  })
})

test('a drained GPU that is held or used says so behind the words of the specification', () => {
  const drain = (note: string | null) => ({ drain: { at: NOW, by: alice, note } })
  const held = aManual({ gpus: [0], holder: charlie, reservedAt: NOW, expiresAt: NOW + HOUR, note: 'mine' })
  const usage = usageOf(busy(0), busy(500))
  expect(lines({ gpus: [drain('broken fan'), drain(null)], reservations: [held], usage })).toEqual([
    'GPU 0: IN USE by charlie for 0h 0m 0s (manual, expires in 1h 0m 0s) [validated: no actual usage detected] [drained by alice (broken fan)] - mine',
    'GPU 1: IN USE WITHOUT RESERVATION by unknown - 500MB used [drained by alice]',
  ])
})

describe('a reserved GPU', () => {
  const run = aRun({ gpus: [0], holder: alice, reservedAt: ago(100, 0, 0), heartbeatAt: NOW })
  const runs = 'IN USE by alice for 100h 0m 0s (run, last heartbeat 0h 0m 0s ago)'
  const manual = aManual({ gpus: [0], holder: charlie, reservedAt: NOW, expiresAt: NOW + 365 * DAY })
  const manuals = 'IN USE by charlie for 0h 0m 0s (manual, expires in 8760h 0m 0s)'

  test.each<[string, GpuUsage | null, string]>([
    ['used', busy(8452, 1, 2, 3), '[validated: 8452MB, 3 processes]'],
    ['with memory used and no process to be seen', busy(500), '[validated: 500MB, 0 processes]'],
    ['used, memory unknown', busy(null, 1), '[validated: memory unknown, 1 processes]'],
    [
      'used, memory known by its processes alone',
      { memoryUsedMiB: null, processes: [process(1, 'a'), process(2, 'b')] },
      '[validated: 1024MB, 2 processes]',
    ],
    ['idle', busy(45), '[validated: no actual usage detected]'],
    ['not reported', null, '[not validated: not reported by nvidia-smi]'],
  ])('%s', (_, usage, note) => {
    expect(lines({ gpus: 1, reservations: [run], usage: usageOf(usage) })).toEqual([`GPU 0: ${runs} ${note}`])
    expect(lines({ gpus: 1, reservations: [manual], usage: usageOf(usage) })).toEqual([
      `GPU 0: ${manuals} ${note}`,
    ])
  })

  test('that nobody can validate says so', () => {
    expect(lines({ gpus: 1, reservations: [run], usage: null })).toEqual([`GPU 0: ${runs} [not validated]`])
  })

  test('shows a user without a name by the uid', () => {
    const reservations = [
      aRun({ holder: { uid: 4999, userName: 'uid 4999' }, reservedAt: NOW, heartbeatAt: NOW }),
    ]
    expect(lines({ gpus: 1, reservations, usage: null })[0]).toStartWith(
      'GPU 0: IN USE by uid 4999 for 0h 0m 0s (run',
    )
  })
})

describe('a GPU in use without reservation', () => {
  const owners = { 1: 'a', 2: 'b', 3: 'c', 4: 'a', 5: 'uid 4999' }
  const inUse = 'GPU 0: IN USE WITHOUT RESERVATION by'

  test.each([
    ['user a', [1]],
    ['user a', [1, 4]],
    ['users a and b', [2, 1]],
    ['users a, b and c', [3, 1, 2, 4]],
    ['unknown', [9]],
    ['unknown', [9, 8]],
    ['users a and unknown', [9, 1]],
    ['users a, b and unknown', [2, 9, 1, 8]],
    ['users a, b, c and unknown', [9, 1, 2, 3, 8]],
    ['user uid 4999', [5]],
  ])('names its users: %s', (users, pids) => {
    expect(lines({ gpus: 1, usage: usageOf(busy(700, ...pids)) }, owners)[0]).toStartWith(
      `${inUse} ${users} - 700MB used by PID ${pids[0]} (python3)`,
    )
  })

  test.each([
    [[1], 'PID 1 (python3)'],
    [[1, 2], 'PID 1 (python3), PID 2 (python3)'],
    [[2, 1, 3], 'PID 2 (python3), PID 1 (python3) and 1 more'],
    [[1, 2, 3, 4, 5, 6, 7], 'PID 1 (python3), PID 2 (python3) and 5 more'],
  ])('names the first two processes of %j and counts the rest', (pids, processes) => {
    expect(lines({ gpus: 1, usage: usageOf(busy(700, ...pids)) }, owners)[0]).toEndWith(
      ` - 700MB used by ${processes}`,
    )
  })

  test('by nobody who can be seen', () => {
    expect(lines({ gpus: 6, usage: usageOf(null, null, null, null, null, busy(500)) })[5]).toBe(
      'GPU 5: IN USE WITHOUT RESERVATION by unknown - 500MB used',
    )
  })

  test('of which the memory is unknown', () => {
    expect(lines({ gpus: 1, usage: usageOf(busy(null, 1)) }, owners)).toEqual([
      `${inUse} user a - used by PID 1 (python3)`,
    ])
  })

  test.each([
    ['/usr/bin/python3', 'python3'],
    ['python3', 'python3'],
    ['/opt/a, b/c d', 'c d'],
    ['/ends/with/', '/ends/with/'],
    ['', ''],
    ['[Not Found]', '[Not Found]'],
  ])('names the program %j as %j', (name, shown) => {
    const usage = usageOf({ memoryUsedMiB: 700, processes: [process(1, name)] })
    expect(lines({ gpus: 1, usage }, owners)).toEqual([`${inUse} user a - 700MB used by PID 1 (${shown})`])
  })
})

test('the page about status shows every kind of line', () => {
  const page = documentText('docs/commands/status.md')
  for (const words of [
    'AVAILABLE',
    'IN USE by ',
    'IN USE WITHOUT RESERVATION by ',
    'UNAVAILABLE (not reported by nvidia-smi)',
    '[not validated]',
    '[not validated: not reported by nvidia-smi]',
  ]) {
    expect(page).toContain(words)
  }
})
