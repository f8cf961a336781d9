import {
  ExtensionDelaysError,
  NoManualReservationError,
  NotYourGpusError,
  UserError,
} from '../../src/core/errors.ts'
import { HOUR, MINUTE } from './pools.ts'
import { promise } from './simulator-invariants.ts'
import { knownEndOf, startOf, wants } from './simulator-judge.ts'
import type { Swept } from './simulator-ledger.ts'
import type { Stage } from './simulator-stage.ts'

const ROOT = { uid: 0, userName: 'root' }

/** What happens while a reservation lasts. */
export const holders = {
  extend(stage: Stage): void {
    const { ledger, pool, random, world } = stage
    const observer = stage.observer()
    const uid = random.pick(stage.uids)
    const durationMs = random.int(1, 8) * random.pick([MINUTE, HOUR] as const)
    const gpuIds = random.chance(0.7) ? null : [random.int(0, pool.gpus.length - 1)]
    const swept = ledger.swept(observer)
    const own = [...new Set(swept.slots.flatMap(({ entry }) => entry ?? []))].filter(
      entry => entry.uid === uid && entry.type === 'manual',
    )
    const isOwn = gpuIds?.every(index => own.some(entry => swept.slots[index]?.entry === entry)) ?? true
    const chosen = own.filter(entry => gpuIds?.some(index => swept.slots[index]?.entry === entry) ?? true)
    const laterBy = (index: number) => {
      const entry = swept.slots[index]?.entry
      return entry && chosen.includes(entry) ? durationMs : 0
    }
    const delayed = countDelayed(swept, laterBy)
    const answer = decide(() =>
      stage.rules.extend(
        pool,
        { holder: { uid, userName: `user${uid}` }, gpuIds, durationMs },
        { sightings: world.sightings(pool, observer), now: world.now },
      ),
    )
    if (answer instanceof UserError) {
      const expected = !isOwn
        ? NotYourGpusError
        : chosen.length === 0
          ? NoManualReservationError
          : ExtensionDelaysError
      promise(answer instanceof expected, () => `extend: refused with '${answer.message}'`)
      if (!(answer instanceof ExtensionDelaysError)) return
      promise(answer.waiting === delayed, () => `extend: delays ${answer.waiting}, not ${delayed}`)
      stage.happened('an extension that would delay others')
      return
    }
    promise(isOwn && chosen.length > 0, () => "extend: of another's, or of nothing")
    promise(delayed === 0, () => `extend: delays ${delayed} who wait`)
    stage.write(answer, { by: 'extend', uid, observer })
    ledger.sweep(observer)
    for (const entry of chosen) {
      if (typeof entry.until === 'number') entry.until += durationMs
      ledger.history.expectEvent('extended', world.now, { id: entry.id, uid, gpus: ledger.gpusOf(entry) })
    }
    stage.happened(ledger.line.length > 0 ? 'an extension while others wait' : 'an extension')
  },

  /** Root ends some reservations, whoever has them. */
  rootReleases(stage: Stage): void {
    const { ledger, pool, random, world } = stage
    const observer = stage.observer()
    const victim = random.pick(ledger.entries())
    if (!victim) return
    const ids = [victim.id]
    const sightings = world.sightings(pool, observer)
    const decision = stage.rules.releaseByWord(pool, { by: ROOT, ids, endingIds: [] }, sightings, world.now)
    stage.write(decision, { by: 'word', ids, observer })
    ledger.sweep(observer)
    const isThere = ledger.entries().includes(victim)
    ledger.end(entry => entry === victim, 'released', 0)
    const told = decision.result.map(({ id }) => id)
    promise(Bun.deepEquals(told, isThere ? ids : []), () => `word: released [${told}]`)
    if (isThere) stage.happened('a release by root')
  },
}

function decide<T>(act: () => T): T | UserError {
  try {
    return act()
  } catch (error) {
    if (error instanceof UserError) return error
    throw error
  }
}

/**
 * How many who wait could start later when some GPUs come to their end later: in whichever course of events, holders
 * without a known end giving back at once or never, and the requests before taking any number of GPUs for good.
 */
function countDelayed({ slots, line }: Swept, laterBy: (index: number) => number): number {
  return line.filter(({ wanted }, place) => {
    const usable = slots.flatMap((slot, index) => (!slot.isDrained && wants(wanted, index) ? [index] : []))
    if (usable.length < wanted.count) return false
    const ends = usable.flatMap(index => {
      const entry = slots[index]?.entry
      const end = entry ? knownEndOf(entry) : null
      return end === null ? [] : [{ before: end, after: end + laterBy(index) }]
    })
    const before = ends.map(({ before }) => before)
    const after = ends.map(({ after }) => after)
    const most = line.slice(0, place).reduce((sum, ahead) => {
      const shared = usable.filter(index => wants(ahead.wanted, index)).length
      return sum + Math.min(ahead.wanted.count, shared)
    }, 0)
    for (let freed = 0; freed <= usable.length - ends.length; freed++) {
      for (let count = wanted.count; count <= wanted.count + most; count++) {
        if (startOf(after, freed, count) > startOf(before, freed, count)) return true
      }
    }
    return false
  }).length
}
