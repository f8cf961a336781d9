import { MINUTE } from './pools.ts'
import { promise } from './simulator-invariants.ts'
import { wants } from './simulator-judge.ts'
import { keepers } from './simulator-keepers.ts'
import type { Entry, Ledger } from './simulator-ledger.ts'
import { Look, Seen } from './simulator-look.ts'
import { noteObservation } from './simulator-observation.ts'
import type { Stage } from './simulator-stage.ts'
import { waiters } from './simulator-waiters.ts'
import type { Observer, World } from './simulator-world.ts'

/** What an observer does: it looks, and warns or releases those who hold GPUs for nothing while others wait. */
export const idle = {
  observerLooks: look,

  /** A quarter of an hour in which nobody does anything but wait, or hold. */
  quietTime(stage: Stage): void {
    for (let left = 15; left > 0; left -= 3) {
      stage.world.now += 3 * MINUTE
      waiters.waitersBeat(stage)
      keepers.keepersBeat(stage)
      look(stage)
      stage.checkBooks()
    }
  },
}

function look(stage: Stage): void {
  const { idleReleaseMs, ledger, pool, world } = stage
  const observer = stage.observer()
  const probed = world.probe()
  if (!probed) return
  const { now } = world
  const memoryThresholdMiB = 100
  const sightings = world.sightings(pool, observer)
  const decision = stage.rules.tendIdle(
    pool,
    { usage: probed.usage, memoryThresholdMiB, sightings, now },
    idleReleaseMs,
  )
  const ids = decision.result.flatMap(({ kind, reservation: { id } }) => (kind === 'release' ? [id] : []))
  stage.write(decision, { by: 'idle', ids, observer })
  ledger.sweep(observer)
  const seen = new Seen(new Look(probed, null), memoryThresholdMiB)
  noteObservation(ledger, seen, now)
  const due = ledger.entries().flatMap(entry => {
    const act = idleReleaseMs === null ? null : actOn(entry, { ledger, world, observer, seen, idleReleaseMs })
    return act ? [{ act, entry }] : []
  })
  const told = decision.result.map(({ kind, reservation: { id } }) => `${kind} ${id}`).sort()
  const expected = due.map(({ act, entry: { id } }) => `${act} ${id}`).sort()
  promise(Bun.deepEquals(told, expected), () => `idle: [${told}], not [${expected}]`)
  for (const { act, entry } of due) {
    if (act === 'release') ledger.end(other => other === entry, 'idle')
    else {
      entry.warnedAt = now
      const { id, uid } = entry
      ledger.history.expectEvent('idle-warning', now, { id, uid, gpus: ledger.gpusOf(entry) })
    }
    stage.happened(act === 'release' ? 'an idle release' : 'an idle warning')
  }
}

interface Situation {
  readonly ledger: Ledger
  readonly world: World
  readonly observer: Observer
  readonly seen: Seen
  readonly idleReleaseMs: number
}

/** What is to be done about a reservation; null while it is used, while nobody else could take it, or while a warning runs. */
function actOn(entry: Entry, { ledger, world, observer, seen, idleReleaseMs }: Situation) {
  const { now } = world
  const gpus = ledger.gpusOf(entry)
  if (entry.type === 'run' || !gpus.every(index => seen.isIdle(index))) return null
  const rivals = ledger.line.filter(
    ({ uid, wanted, process }) =>
      uid !== entry.uid &&
      world.sightWaiter(process, observer) !== 'stopped' &&
      gpus.some(index => wants(wanted, index)),
  )
  const since = Math.max(entry.reservedAt, ...gpus.map(index => ledger.slots[index]?.unusedSince ?? Infinity))
  if (rivals.length === 0 || now < since + idleReleaseMs) return null
  const { warnedAt } = entry
  if (warnedAt === null || warnedAt < since || warnedAt > now) return 'warn'
  if (now < warnedAt + 5 * MINUTE) return null
  return rivals.some(({ queuedAt }) => queuedAt <= warnedAt) ? 'release' : 'warn'
}
