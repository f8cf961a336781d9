import { describe, expect, test } from 'bun:test'
import type { Command } from '../../../src/cli/command.ts'
import find from '../../../src/cli/commands/find.ts'
import log from '../../../src/cli/commands/log.ts'
import queue from '../../../src/cli/commands/queue.ts'
import report from '../../../src/cli/commands/report.ts'
import status from '../../../src/cli/commands/status.ts'
import { NoHostHasGpusError, NoSuchHostError, OneHostError, UsageError } from '../../../src/core/errors.ts'
import type { LogEvent, UsageRecord } from '../../../src/core/history.ts'
import { tell } from '../../helpers/command-run.ts'
import { failureOf } from '../../helpers/failure.ts'
import { aHost, MemoryFleet } from '../../helpers/memory-fleet.ts'
import {
  aHolder,
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
} from '../../helpers/pools.ts'
import { documentIn } from '../../helpers/schema.ts'

const bobs = {
  ...busy(1024, 4711),
  processes: [{ pid: 4711, name: '/usr/bin/python3', memoryMiB: 1000, userName: 'bob' }],
}

/** Three hosts: one in use, one that has been silent, and one where no probe has left anything. */
const fleet = () =>
  new MemoryFleet([
    aHost({
      host: 'gpu-01',
      // Its clock is two minutes ahead.
      now: NOW + 2 * MINUTE,
      pool: aPool({
        gpus: [NOW - HOUR, null, null, null],
        reservations: [
          aRun({ gpus: [1], reservedAt: NOW + MINUTE, heartbeatAt: NOW + 2 * MINUTE - 5 * SECOND }),
          aManual({ gpus: [3], expiresAt: NOW + HOUR, note: 'ablation' }),
        ],
        queue: [anEntry({ wanted: anyGpus(4), queuedAt: NOW + MINUTE, heartbeatAt: NOW + 2 * MINUTE })],
      }),
      probed: { usage: usageOf(busy(45), busy(8452, 7), bobs), agoMs: 12_000 },
    }),
    aHost({
      host: 'gpu-02',
      lastSignAgoMs: 7 * MINUTE + 3 * SECOND,
      pool: aPool({ gpus: 2 }),
      probed: { usage: idle(2), agoMs: 3 * HOUR },
    }),
    aHost({ host: 'gpu-03', pool: aPool({ gpus: 1 }), probed: null }),
  ])

describe('status --all', () => {
  test('shows every host by its own clock, and how old the answer of its tool is', async () => {
    expect(await tell(status, '--all', fleet())).toEqual({
      status: 0,
      notices: [],
      lines: [
        'HOST gpu-01: 1/4 free, 2 reserved, 1 in use without reservation, 1 waiting',
        'GPU 0: AVAILABLE (last released 1h 2m 0s ago) [validated 12s ago: 45MB used]',
        'GPU 1: IN USE by user1000 for 0h 1m 0s (run, last heartbeat 0h 0m 5s ago) [validated 12s ago: 8452MB, 1 processes]',
        'GPU 2: IN USE WITHOUT RESERVATION by user bob - 1024MB used by PID 4711 (python3)',
        'GPU 3: IN USE by user1000 for 1h 2m 0s (manual, expires in 0h 58m 0s) [not validated: not reported by nvidia-smi] - ablation',
        'HOST gpu-02: NO SIGN for 0h 7m 3s, 2/2 free',
        'GPU 0: AVAILABLE [validated 3h ago]',
        'GPU 1: AVAILABLE [validated 3h ago]',
        'HOST gpu-03: 0/1 free, 1 not validated',
        'GPU 0: AVAILABLE [not validated]',
      ],
    })
  })

  test('--summary shows a line for each', async () => {
    expect((await tell(status, '--all --summary', fleet())).lines).toEqual([
      'HOST gpu-01: 1/4 free, 2 reserved, 1 in use without reservation, 1 waiting',
      'HOST gpu-02: NO SIGN for 0h 7m 3s, 2/2 free',
      'HOST gpu-03: 0/1 free, 1 not validated',
    ])
  })

  test('shows more of GPUs with --wide alone, as far as somebody over there has asked', async () => {
    const details = { name: 'X1', memoryTotalMiB: null, utilizationPercent: null, temperatureCelsius: 40 }
    const usage = usageOf({ ...busy(0), details }, busy(0))
    const store = new MemoryFleet([aHost({ pool: aPool({ gpus: 2 }), probed: { usage, agoMs: 0 } })])
    const gpus = async (words: string) => (await tell(status, words, store)).lines.slice(1)
    for (const which of ['--all', '--host gpu-01']) {
      const plain = 'GPU 0: AVAILABLE [validated 0s ago]'
      expect((await gpus(which))[0]).toBe(plain)
      expect((await gpus(`${which} --wide`))[0]).toBe(`${plain} [X1, 40C]`)
    }
  })

  test('is not all and one of them', async () => {
    expect(await failureOf(tell(status, '--all --host gpu-02', fleet()))).toBeInstanceOf(UsageError)
  })

  test('--json prints them as the schema says', async () => {
    const { lines } = await tell(status, '--all --json', fleet())
    expect(documentIn(`${lines.join('\n')}\n`)).toMatchObject({
      kind: 'fleet',
      hosts: [
        {
          host: 'gpu-01',
          last_sign_seconds_ago: 2,
          validated_seconds_ago: 12,
          is_validated: true,
          summary: { gpus: 4, free: 1, waiting: 1 },
          gpus: [{}, {}, { processes: [{ pid: 4711, user_name: 'bob' }] }, {}],
        },
        { host: 'gpu-02', last_sign_seconds_ago: 423, validated_seconds_ago: 10_800 },
        { host: 'gpu-03', is_validated: false, validated_seconds_ago: null },
      ],
    })
  })

  test('says so when there is no host yet', async () => {
    expect((await tell(status, '--all', new MemoryFleet([]))).lines).toEqual(['No host has a pool yet'])
    const { lines } = await tell(status, '--all --json', new MemoryFleet([]))
    expect(documentIn(`${lines}\n`)).toMatchObject({ hosts: [] })
  })

  test('shows no pool that has moved away or has not arrived', async () => {
    const moving = (state: 'left' | 'leaving' | 'arriving') =>
      aHost({ host: state, pool: aPool({ gpus: 1, move: { id: '1', state, other: 'x' } }), probed: null })
    const store = new MemoryFleet([moving('left'), moving('leaving'), moving('arriving')])
    expect((await tell(status, '--all --summary', store)).lines).toEqual([
      'HOST leaving: 0/1 free, 1 not validated',
    ])
  })
})

describe('status --host', () => {
  test('shows one of them', async () => {
    const { lines } = await tell(status, '--host gpu-02', fleet())
    expect(lines).toEqual([
      'HOST gpu-02: NO SIGN for 0h 7m 3s, 2/2 free',
      'GPU 0: AVAILABLE [validated 3h ago]',
      'GPU 1: AVAILABLE [validated 3h ago]',
    ])
    expect((await tell(status, '--host gpu-02 --summary', fleet())).lines).toHaveLength(1)
    const json = await tell(status, '--host gpu-02 --json', fleet())
    expect(documentIn(`${json.lines}\n`)).toMatchObject({
      kind: 'status',
      host: 'gpu-02',
      summary: { free: 2 },
    })
  })

  test('shows the own one as always, and leaves what was seen for the others', async () => {
    const store = new MemoryFleet([], aPool({ gpus: 1, provider: 'fake' }))
    const asAlways = await tell(status, '', store)
    expect(await tell(status, '--host here', store)).toEqual(asAlways)
    expect(asAlways.lines).toEqual(['GPU 0: AVAILABLE'])
    expect(store.left.map(({ now }) => now)).toEqual([NOW, NOW])
    expect(store.left[0]?.usage.tool).toBe('the fake provider')
  })

  test('refuses one that is not there, and names those that are', async () => {
    const failure = await failureOf(tell(status, '--host gpu-04', fleet()))
    expect(failure).toBeInstanceOf(NoSuchHostError)
    expect(failure).toMatchObject({ host: 'gpu-04', hosts: ['gpu-01', 'gpu-02', 'gpu-03'] })
  })

  test('does not watch another one', async () => {
    expect(await failureOf(tell(status, '--host gpu-02 --watch', fleet()))).toBeInstanceOf(UsageError)
    expect(await failureOf(tell(status, '--all --watch', fleet()))).toBeInstanceOf(UsageError)
  })
})

describe('find', () => {
  test('names hosts, best first, and what to type', async () => {
    expect(await tell(find, '--gpus 2', fleet())).toEqual({
      status: 0,
      notices: [],
      lines: [
        'HOST gpu-02: NO SIGN for 0h 7m 3s, 2/2 free [validated 3h ago]',
        'ssh gpu-02 canhazgpu run --gpus 2 -- COMMAND',
      ],
    })
  })

  test('says what to type on the own host', async () => {
    const store = new MemoryFleet([aHost({ host: 'here' })])
    expect((await tell(find, '', store)).lines.at(-1)).toBe('canhazgpu run --gpus 1 -- COMMAND')
  })

  test('promises nothing of the own host where nobody has looked', async () => {
    const store = new MemoryFleet([aHost({ host: 'here', probed: null })])
    const { lines } = await tell(find, '--json', store)
    expect(documentIn(`${lines}\n`)).toMatchObject({
      hosts: [{ host: 'here', is_validated: false, validated_seconds_ago: null }],
    })
    expect((await tell(find, '', store)).lines[0]).toBe('HOST here: 0/4 free, 4 not validated')
  })

  test('--json names them as the schema says', async () => {
    const { lines } = await tell(find, '--gpus 2 --json', fleet())
    expect(documentIn(`${lines}\n`)).toMatchObject({
      gpus: 2,
      hosts: [
        {
          host: 'gpu-02',
          available: 2,
          is_validated: false,
          command: ['ssh', 'gpu-02', ...'canhazgpu run --gpus 2 --'.split(' ')],
        },
      ],
    })
  })

  test('says so when there is none, and whether waiting can help', async () => {
    const now = await failureOf(tell(find, '--gpus 4', fleet()))
    expect(now).toBeInstanceOf(NoHostHasGpusError)
    expect(now).toMatchObject({ requested: 4, best: { host: 'gpu-02', available: 2 }, exitStatus: 75 })
    const never = await failureOf(tell(find, '--gpus 5', fleet()))
    expect(never).toMatchObject({ largest: 4, exitStatus: 1 })
    expect(await failureOf(tell(find, '', new MemoryFleet([])))).toMatchObject({
      best: null,
      largest: 0,
      exitStatus: 1,
    })
  })

  test.each(['-oProxyCommand=x', 'a b', 'a;b', '', 'a\nb', 'ho@st', '.a', 'a.'])(
    'never writes the name %j into a command',
    async host => {
      const store = new MemoryFleet([aHost({ host })])
      expect(await failureOf(tell(find, '', store))).toBeInstanceOf(UsageError)
    },
  )
})

describe('queue --all', () => {
  test('shows the lines in which somebody waits, by the clock of each host', async () => {
    const { lines } = await tell(queue, '--all', fleet())
    expect(lines[0]).toBe('HOST gpu-01: 1 waiting')
    expect(lines[1]).toStartWith('1. user1000 waits for 4 GPU(s) for 0h 1m 0s (run, since ')
    expect(lines).toHaveLength(2)
    expect((await tell(queue, '--all', new MemoryFleet([aHost()]))).lines).toEqual([
      'Nobody is waiting on any host',
    ])
  })

  test('--json says whose each is', async () => {
    const { lines } = await tell(queue, '--all --json', fleet())
    expect(documentIn(`${lines}\n`)).toMatchObject({ requests: [{ host: 'gpu-01', waiting_seconds: 60 }] })
  })
})

const aRecord = (parts: Partial<UsageRecord>): UsageRecord => ({
  ...{ id: 'r', type: 'run', holder: aHolder(), alias: null, note: null, gpus: [0] },
  ...{ reservedAt: NOW - 2 * HOUR, endedAt: NOW - HOUR, ending: 'finished', waitedMs: 0, unusedGpuMs: 0 },
  ...parts,
})

describe('report --all', () => {
  const used = () => {
    const store = fleet()
    store.records = [
      { host: 'gpu-02', record: aRecord({ gpus: [0, 1] }) },
      // Ended between the two looks, so that it is in the pool of gpu-01, too.
      { host: 'gpu-01', record: aRecord({ id: 'run-1', reservedAt: NOW - 4 * HOUR, endedAt: NOW }) },
      // Another person who has the same uid there.
      { host: 'gpu-03', record: aRecord({ id: 'other', holder: { uid: 1000, userName: 'carol' } }) },
      // A pool that has moved away has taken its history with it.
      { host: 'gone', record: aRecord({ id: 'moved' }) },
    ]
    return store
  }

  test('sums up users over all hosts, and takes nobody for another with the same uid', async () => {
    const { lines } = await tell(report, '--all --csv', used())
    const rows = lines.slice(1).map(line => line.split(',').slice(1, 4))
    // 2 + 4 hours of records, and an hour and two minutes of a manual reservation that goes on.
    expect(rows).toEqual([
      ['user1000', '', '25320'],
      ['carol', '', '3600'],
    ])
  })

  test('tells the GPUs of hosts apart', async () => {
    const { lines } = await tell(report, '--all --by gpu', used())
    expect(lines[0]).toEndWith(' on 3 host(s)')
    expect(lines.slice(2).map(line => line.split('  ')[0])).toEqual(
      [
        ...['gpu-01 GPU 0', 'gpu-01 GPU 1', 'gpu-01 GPU 2', 'gpu-01 GPU 3', 'gpu-02 GPU 0', 'gpu-02 GPU 1'],
        ...['gpu-03 GPU 0', 'Total'],
      ].map(text => text),
    )
    const csv = await tell(report, '--all --by gpu --csv', used())
    expect(csv.lines[0]).toStartWith('host,gpu_id,gpu_seconds,')
    expect(csv.lines[5]).toStartWith('gpu-02,0,3600,')
  })

  test.each(['user', 'gpu', 'day'])('--json is as the schema says, by %s', async by => {
    const { lines } = await tell(report, `--all --json --by ${by}`, used())
    expect(documentIn(`${lines}\n`)).toMatchObject({
      by,
      hosts: ['gpu-01', 'gpu-02', 'gpu-03'],
      total: { runs: 3 },
    })
  })
})

describe('log --all', () => {
  const happened = () => {
    const store = fleet()
    store.others = [...store.others, aHost({ host: 'gpu-1' })]
    const event: LogEvent = {
      ...{
        at: NOW,
        kind: 'reserved',
        holder: aHolder(),
        alias: null,
        id: 'r',
        gpus: [0],
        by: null,
        note: null,
      },
    }
    store.happened = [
      { host: 'gpu-1', event },
      // Its pool has moved away, and its history with it.
      { host: 'gone', event },
      { host: 'gpu-02', event: { ...event, kind: 'released' } },
    ]
    return store
  }

  test('shows what has happened on every host', async () => {
    const { lines } = await tell(log, '--all', happened())
    expect(lines.map(line => line.slice(20))).toEqual([
      'gpu-1  reserved     user1000: GPU(s) [0]',
      'gpu-02 released     user1000: GPU(s) [0]',
    ])
    expect((await tell(log, '--all -n 1', happened())).lines).toHaveLength(1)
    expect((await tell(log, '--all -n 0', happened())).lines).toEqual([])
  })

  test('--json is as the schema says', async () => {
    const { lines } = await tell(log, '--all --json', happened())
    expect(lines.map(line => documentIn(`${line}\n`))).toMatchObject([
      { host: 'gpu-1', number: null, event: 'reserved' },
      { host: 'gpu-02', number: null },
    ])
  })
})

test.each<[Command, string]>([
  [status as Command, '--all'],
  [status as Command, '--host gpu-02'],
  [find as Command, ''],
  [queue as Command, '--all'],
  [report as Command, '--all'],
  [log as Command, '--all'],
])('a store of one host alone says so', async (command, words) => {
  const store = Object.assign(new MemoryFleet([]), { fleet: null })
  const failure = await failureOf(tell(command, words, store))
  expect(failure).toBeInstanceOf(OneHostError)
  expect((failure as Error).message).toContain('docs/fleet.md')
})
