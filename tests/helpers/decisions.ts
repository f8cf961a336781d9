import type { Change } from '../../src/core/changes.ts'
import type { Pool, Reservation } from '../../src/core/pool.ts'
import fc from './fast-check.ts'

/** A change in the making: what it becomes depends on the pool that it meets. */
export type Intent =
  | { readonly kind: 'initialize'; readonly provider: Pool['provider']; readonly gpuCount: number }
  | { readonly kind: 'add'; readonly draft: Reservation; readonly wanted: readonly boolean[] }
  | { readonly kind: 'remove'; readonly which: number; readonly releasedAt: number }
  | { readonly kind: 'heartbeat' | 'warn-idle'; readonly which: number; readonly at: number }

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

const intent: fc.Arbitrary<Intent> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('initialize' as const),
      provider: fc.constantFrom('nvidia' as const, 'fake' as const),
      gpuCount: fc.integer({ min: 1, max: 12 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      draft,
      wanted: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat(4), releasedAt: instant }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('heartbeat' as const, 'warn-idle' as const),
      which: fc.nat(4),
      at: instant,
    }),
  },
)

/** Decisions one after the other, each of several changes that are made together. */
export const intents: fc.Arbitrary<Intent[][]> = fc.array(fc.array(intent, { maxLength: 5 }), {
  minLength: 1,
  maxLength: 8,
})

/** The change that an intent becomes in this pool; none where it asks for what no rule would decide. */
export function changesFor(intent: Intent, pool: Pool): Change[] {
  if (intent.kind === 'initialize') return [intent]
  if (intent.kind === 'add') {
    const held = new Set(pool.reservations.flatMap(({ gpus }) => gpus))
    const gpus = pool.gpus.map(({ index }) => index).filter(at => intent.wanted[at] && !held.has(at))
    return gpus.length > 0 ? [{ kind: 'add', reservation: { ...intent.draft, gpus } }] : []
  }
  // A reservation that is gone may be asked for, too: then nothing happens.
  const id = pool.reservations[intent.which]?.id ?? 'gone'
  return [
    intent.kind === 'remove'
      ? { kind: 'remove', id, releasedAt: intent.releasedAt }
      : { kind: intent.kind, id, at: intent.at },
  ]
}
