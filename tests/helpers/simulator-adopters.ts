import type { SeenProcess } from '../../src/core/adopt.ts'
import type { Usage } from '../../src/core/usage.ts'
import { promise } from './simulator-invariants.ts'
import type { Slot } from './simulator-ledger.ts'
import { Look, Seen } from './simulator-look.ts'
import { noteObservation } from './simulator-observation.ts'
import type { Stage } from './simulator-stage.ts'
import type { Observer } from './simulator-world.ts'

/** Who binds a reservation to what computes already. */
export const adopters = {
  adopt(stage: Stage): void {
    const { ledger, pool, random, world } = stage
    const observer = { ...stage.observer(), blind: false }
    const probed = world.probe()
    if (!probed) return
    const { usage } = probed
    const { now } = world
    const byRoot = random.chance(0.2)
    const by = byRoot ? 0 : random.pick(stage.uids)
    const seen = [...usage.gpus.values()].flatMap(({ processes }) => processes.map(({ pid }) => pid))
    const some = [random.pick(seen), random.chance(0.3) ? random.pick(seen) : undefined].flatMap(
      pid => pid ?? [],
    )
    const pids = some.length > 0 && (byRoot || random.chance(0.5)) ? some : null
    const id = stage.newId('adopted')
    const decision = stage.rules.adopt(
      pool,
      { id, by: { uid: by, userName: `user${by}` }, alias: null, note: null, pids },
      {
        usage,
        memoryThresholdMiB: 100,
        sightings: world.sightings(pool, observer),
        now,
        processes: processesIn(usage, stage, observer),
      },
    )
    const { result } = decision
    stage.write(decision, { by: 'request', id, observer })
    const { slots } = ledger.sweep(observer)
    noteObservation(ledger, new Seen(new Look(probed, null), 100), now)
    const expected = adoptable({ by, pids, usage, slots, stage, observer })
    const told = result.kind === 'granted' ? result.reservation.gpus : null
    promise(Bun.deepEquals(told, expected?.gpus ?? null), () => `adopt: [${told}], not [${expected?.gpus}]`)
    if (result.kind === 'refused' || !expected) {
      ledger.history.expectEvent('refused', now, { id, uid: by })
      if (pids) stage.happened('an adoption that is refused')
      return
    }
    const { uid, gpus } = expected
    const bound = result.reservation.processes.map(({ pid }) => pid).sort()
    promise(Bun.deepEquals(bound, expected.pids), () => `adopt: binds [${bound}], not [${expected.pids}]`)
    promise(result.reservation.holder.uid === uid, () => `adopt: for ${result.reservation.holder.uid}`)
    ledger.add(result.reservation, 0, by)
    stage.world.keepers.push({ id, uid })
    stage.happened(ledger.line.length > 0 ? 'an adoption while others wait' : 'an adoption')
    if (gpus.length > 1 || bound.length > 1) stage.happened('an adoption of several')
  },
}

function processesIn(usage: Usage, { world }: Stage, observer: Observer): Map<number, SeenProcess> {
  const pids = [...usage.gpus.values()].flatMap(({ processes }) => processes.map(({ pid }) => pid))
  return new Map(
    pids.flatMap((pid): [number, SeenProcess][] => {
      const owned = world.ownerOf(pid, observer)
      if (!owned) return []
      const { identity, uid } = owned
      return [[pid, { identity, owner: { uid, userName: `user${uid}` } }]]
    }),
  )
}

interface Claim {
  readonly by: number
  readonly pids: readonly number[] | null
  readonly usage: Usage
  readonly slots: readonly Slot[]
  readonly stage: Stage
  readonly observer: Observer
}

/** What an adoption must give: the GPUs that these processes have for themselves, and that nobody else has reserved; null for nothing. */
function adoptable({ by, pids, usage, slots, stage, observer }: Claim) {
  const uidOf = (pid: number) => stage.world.ownerOf(pid, observer)?.uid
  const pidsOn = (index: number) => usage.gpus.get(index)?.processes.map(({ pid }) => pid) ?? []
  const all = slots.flatMap((_, index) => index)
  const isHis = (index: number, uid: number) => slots[index]?.entry?.uid === uid
  const mine = all.filter(index => !isHis(index, by)).flatMap(pidsOn)
  const adopted = [...new Set(pids ?? mine.filter(pid => uidOf(pid) === by))].sort()
  const uid = by === 0 ? uidOf(adopted[0] ?? 0) : by
  if (uid === undefined || adopted.length === 0) return null
  const isInOrder = adopted.every(pid => uidOf(pid) === uid && all.some(index => pidsOn(index).includes(pid)))
  const used = all.filter(index => pidsOn(index).some(pid => adopted.includes(pid)))
  const gpus = used.filter(index => !isHis(index, uid))
  const isFree = gpus.every(index => {
    const slot = slots[index]
    return !slot?.entry && !slot?.isDrained && pidsOn(index).every(pid => uidOf(pid) === uid)
  })
  return isInOrder && isFree && gpus.length > 0 ? { uid, gpus, pids: adopted } : null
}
