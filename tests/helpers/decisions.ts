import type { Change } from '../../src/core/changes.ts'
import type { EventKind, LogEvent, UsageRecord } from '../../src/core/history.ts'
import {
  type Drain,
  type Move,
  POLICIES,
  type Pool,
  type QueueEntry,
  type Reservation,
} from '../../src/core/pool.ts'
import fc from './fast-check.ts'

/** A change in the making: what it becomes depends on the pool that it meets. `which` counts those that are there. */
export type Intent =
  | { readonly kind: 'initialize'; readonly provider: Pool['provider']; readonly gpuCount: number }
  | { readonly kind: 'resize'; readonly gpuCount: number }
  | { readonly kind: 'drain'; readonly index: number; readonly drain: Drain | null }
  | { readonly kind: 'move'; readonly move: Move | null }
  | { readonly kind: 'add'; readonly draft: Reservation; readonly wanted: readonly boolean[] }
  | { readonly kind: 'remove'; readonly which: number; readonly releasedAt: number }
  | { readonly kind: 'heartbeat' | 'warn-idle'; readonly which: number; readonly at: number }
  | { readonly kind: 'extend'; readonly which: number; readonly expiresAt: number }
  | { readonly kind: 'enqueue'; readonly entry: QueueEntry }
  | { readonly kind: 'dequeue'; readonly which: number }
  | {
      readonly kind: 'observe'
      readonly at: number
      readonly gpus: readonly { readonly index: number; readonly unusedSince: number | null }[]
      readonly unusedGpuMs: readonly number[]
    }
  | { readonly kind: 'record'; readonly record: UsageRecord }
  | { readonly kind: 'log'; readonly event: LogEvent }

const instant = fc.oneof(fc.integer({ min: 0, max: 8.64e15 }), fc.nat(100))
const holder = fc.record({
  uid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  userName: fc.string({ unit: 'grapheme' }),
})
const labels = { alias: fc.option(fc.string()), note: fc.option(fc.string({ unit: 'grapheme' })) }
const claim = {
  holder,
  ...labels,
  gpus: fc.constant([]),
  reservedAt: instant,
  waitedMs: fc.maxSafeNat(),
  unusedGpuMs: fc.maxSafeNat(),
}
const id = fc.uuid()

const process = fc.record({
  bootId: fc.string(),
  pidNamespace: fc.string(),
  pid: fc.integer({ min: 1, max: 2 ** 22 }),
  startTicks: fc.maxSafeNat(),
})

const draft: fc.Arbitrary<Reservation> = fc.oneof(
  fc.record({
    id,
    type: fc.constant('manual' as const),
    ...claim,
    expiresAt: instant,
    idleWarnedAt: fc.option(instant),
  }),
  fc.record({
    id,
    type: fc.constant('run' as const),
    ...claim,
    heartbeatAt: instant,
    processes: fc.array(process, { minLength: 1, maxLength: 3 }),
    endsAt: fc.option(instant),
  }),
)

/** GPUs that a pool has, and some that it has not. */
const index = fc.nat(13)
const gpus = fc.uniqueArray(index, { maxLength: 5 })
const which = fc.nat(4)
const type = fc.constantFrom('run' as const, 'manual' as const)

const entry: fc.Arbitrary<QueueEntry> = fc.record({
  id,
  type,
  holder,
  ...labels,
  wanted: fc.record({
    count: fc.integer({ min: 1, max: 12 }),
    gpuIds: fc.option(gpus),
    policy: fc.constantFrom(...POLICIES),
  }),
  queuedAt: instant,
  heartbeatAt: instant,
  durationMs: fc.option(fc.maxSafeNat()),
  process,
})

export const record: fc.Arbitrary<UsageRecord> = fc.record({
  id,
  type,
  holder,
  ...labels,
  gpus,
  reservedAt: instant,
  endedAt: instant,
  ending: fc.constantFrom('released', 'finished', 'expired', 'reclaimed', 'cleared', 'idle'),
  waitedMs: fc.maxSafeNat(),
  unusedGpuMs: fc.maxSafeNat(),
})

export const event: fc.Arbitrary<LogEvent> = fc.record({
  at: instant,
  kind: fc.constantFrom<EventKind[]>(
    'reserved',
    'extended',
    'released',
    'refused',
    'queued',
    'left',
    'drained',
    'moved',
  ),
  holder,
  ...labels,
  id: fc.option(id),
  gpus,
  by: fc.option(holder),
})

/** Of every kind of change; some come more often than others. */
const intent: fc.Arbitrary<Intent> = fc.oneof(
  {
    weight: 1,
    arbitrary: ofKind('initialize', { provider: provider(), gpuCount: fc.integer({ min: 1, max: 12 }) }),
  },
  { weight: 2, arbitrary: ofKind('resize', { gpuCount: fc.integer({ min: 1, max: 14 }) }) },
  { weight: 3, arbitrary: ofKind('drain', { index, drain: fc.option(drain()) }) },
  { weight: 1, arbitrary: ofKind('move', { move: fc.option(move()) }) },
  {
    weight: 6,
    arbitrary: ofKind('add', { draft, wanted: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }) }),
  },
  { weight: 4, arbitrary: ofKind('remove', { which, releasedAt: instant }) },
  { weight: 3, arbitrary: ofKind('heartbeat', { which: fc.nat(8), at: instant }) },
  { weight: 2, arbitrary: ofKind('warn-idle', { which, at: instant }) },
  { weight: 2, arbitrary: ofKind('extend', { which, expiresAt: instant }) },
  { weight: 5, arbitrary: ofKind('enqueue', { entry }) },
  { weight: 3, arbitrary: ofKind('dequeue', { which }) },
  {
    weight: 3,
    arbitrary: ofKind('observe', {
      at: instant,
      gpus: observed(),
      unusedGpuMs: fc.array(fc.maxSafeNat(), { maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: ofKind('record', { record }) },
  { weight: 1, arbitrary: ofKind('log', { event }) },
)

function ofKind<K extends Intent['kind'], T>(kind: K, parts: { [P in keyof T]: fc.Arbitrary<T[P]> }) {
  return fc.record(parts).map(rest => ({ kind, ...rest }))
}

function provider() {
  return fc.constantFrom('nvidia' as const, 'fake' as const)
}

function drain() {
  return fc.record({ at: instant, by: holder, note: labels.note })
}

function move() {
  return fc.record({
    id,
    state: fc.constantFrom('arriving' as const, 'leaving' as const, 'left' as const),
    other: fc.string(),
  })
}

function observed() {
  const seen = fc.record({ index, unusedSince: fc.option(instant) })
  return fc.uniqueArray(seen, { maxLength: 6, selector: ({ index }) => index })
}

/** Decisions one after the other, each of several changes that are made together. */
export const intents: fc.Arbitrary<Intent[][]> = fc.array(fc.array(intent, { maxLength: 6 }), {
  minLength: 1,
  maxLength: 8,
})

/**
 * The change that an intent becomes in this pool; none where it asks for what no rule would decide. A reservation or a
 * request that is gone may be meant, too: then nothing happens.
 */
export function changesFor(intent: Intent, pool: Pool): Change[] {
  const held = new Set(pool.reservations.flatMap(({ gpus }) => gpus))
  const reservationId = (which: number) => pool.reservations[which]?.id ?? 'gone'
  const entryId = (which: number) => pool.queue[which]?.id ?? 'gone'
  switch (intent.kind) {
    case 'add': {
      const gpus = pool.gpus.map(({ index }) => index).filter(at => intent.wanted[at] && !held.has(at))
      return gpus.length > 0 ? [{ kind: 'add', reservation: { ...intent.draft, gpus } }] : []
    }
    case 'resize':
      return [...held].some(index => index >= intent.gpuCount) ? [] : [intent]
    case 'remove':
      return [{ kind: 'remove', id: reservationId(intent.which), releasedAt: intent.releasedAt }]
    case 'heartbeat': {
      const ids = [...pool.reservations, ...pool.queue].map(({ id }) => id)
      return [{ kind: 'heartbeat', id: ids[intent.which] ?? 'gone', at: intent.at }]
    }
    case 'warn-idle':
      return [{ kind: 'warn-idle', id: reservationId(intent.which), at: intent.at }]
    case 'extend':
      return [{ kind: 'extend', id: reservationId(intent.which), expiresAt: intent.expiresAt }]
    case 'dequeue':
      return [{ kind: 'dequeue', id: entryId(intent.which) }]
    case 'observe': {
      const reservations = intent.unusedGpuMs.map((unusedGpuMs, at) => ({
        id: reservationId(at),
        unusedGpuMs,
      }))
      return [{ kind: 'observe', at: intent.at, gpus: intent.gpus, reservations }]
    }
    default:
      return [intent]
  }
}
