import type { Wish } from '../../src/core/administer.ts'
import { GpusHeldError, PoolAlreadyInitializedError } from '../../src/core/errors.ts'
import { promise } from './simulator-invariants.ts'
import type { Stage } from './simulator-stage.ts'
import type { Observer } from './simulator-world.ts'

const ROOT = { uid: 0, userName: 'root' }
const NOTHING: Wish = {
  gpuCount: null,
  provider: 'nvidia',
  force: false,
  drain: [],
  undrain: [],
  note: null,
}

/** What administrators do. */
export const admins = {
  adminStartsOver(stage: Stage): void {
    const observer = stage.observer()
    const { entries, waiting } = startOver(stage, stage.random.int(1, stage.world.hardware.length), observer)
    if (entries > 0) stage.happened('an admin who clears reservations')
    if (waiting > 0) stage.happened('an admin who clears the line')
  },

  adminForgetsForce(stage: Stage): void {
    const size = stage.pool.gpus.length
    try {
      decide(stage, { ...NOTHING, gpuCount: size }, stage.observer())
    } catch (error) {
      if (!(error instanceof PoolAlreadyInitializedError)) throw error
      stage.happened('an admin who is refused')
      return
    }
    promise(false, () => 'I2: admin without --force starts over')
  },

  adminResizes(stage: Stage): void {
    const { ledger, random, world } = stage
    const size = ledger.slots.length
    const gpuCount = random.int(1, world.hardware.length)
    if (gpuCount === size) return
    const observer = stage.observer()
    const { slots } = ledger.swept(observer)
    const isHeld = slots.some(({ entry }, index) => entry !== null && index >= gpuCount)
    try {
      const decision = decide(stage, { ...NOTHING, gpuCount }, observer)
      promise(!isHeld, () => `held: a pool with ${size} GPUs shrinks to ${gpuCount}`)
      stage.write(decision, { by: 'admin', force: false, observer })
    } catch (error) {
      if (!(error instanceof GpusHeldError)) throw error
      promise(isHeld, () => `held: ${error.message}`)
      stage.happened('a pool that may not shrink')
      return
    }
    ledger.sweep(observer)
    const gpus = slots.flatMap((_, index) => (index >= gpuCount ? [index] : []))
    const added = Array.from({ length: Math.max(0, gpuCount - size) }, (_, more) => size + more)
    ledger.history.expectEvent('resized', world.now, { uid: 0, gpus: [...gpus, ...added] })
    ledger.resize(gpuCount)
    stage.happened(gpuCount > size ? 'a pool that grows' : 'a pool that shrinks')
  },

  adminDrains(stage: Stage): void {
    const { ledger, random } = stage
    const isEnd = random.chance(0.6)
    const isAny = !isEnd || random.chance(0.1)
    const index = isAny ? random.int(0, ledger.slots.length - 1) : random.pick(drainedIn(stage))
    if (index === undefined) return
    const isHeld = ledger.slots[index]?.entry !== null
    setDrains(stage, isEnd ? [] : [index], isEnd ? [index] : [])
    stage.happened(isEnd ? 'the end of a drain' : isHeld ? 'a drain of what is held' : 'a drain')
  },
}

/** Has the pool made, or made anew. */
export function startOver(
  stage: Stage,
  gpuCount: number,
  observer: Observer,
): { entries: number; waiting: number } {
  const { ledger, world } = stage
  const isFirst = ledger.slots.length === 0
  const decision = decide(stage, { ...NOTHING, gpuCount, force: !isFirst }, observer)
  stage.write(decision, { by: 'admin', force: true, observer })
  ledger.sweep(observer)
  const [entries, waiting] = [ledger.entries().length, ledger.line.length]
  const { size } = decision.result
  const cleared = size?.kind === 'reinitialized' ? size.cleared : null
  promise(cleared === (isFirst ? null : entries), () => `admin: cleared ${cleared}, not ${entries}`)
  ledger.end(() => true, 'cleared', 0)
  for (const { id, uid } of ledger.line) ledger.history.expectEvent('left', world.now, { id, uid })
  ledger.history.expectEvent('initialized', world.now, { uid: 0 })
  ledger.startOver(gpuCount)
  return { entries, waiting }
}

export function setDrains(stage: Stage, drain: readonly number[], undrain: readonly number[]): void {
  const { ledger, world } = stage
  const observer = stage.observer()
  const decision = decide(stage, { ...NOTHING, drain, undrain }, observer)
  stage.write(decision, { by: 'admin', force: false, observer })
  ledger.sweep(observer)
  const drained = drain.filter(index => !ledger.slots[index]?.isDrained)
  const undrained = undrain.filter(index => ledger.slots[index]?.isDrained)
  ledger.slots = ledger.slots.map((slot, index) => {
    const isDrained = (slot.isDrained || drain.includes(index)) && !undrain.includes(index)
    return { ...slot, isDrained }
  })
  const [uid, at] = [0, world.now]
  if (drained.length > 0) ledger.history.expectEvent('drained', at, { uid, gpus: drained })
  if (undrained.length > 0) ledger.history.expectEvent('undrained', at, { uid, gpus: undrained })
}

export function drainedIn({ ledger }: Stage): number[] {
  return ledger.slots.flatMap(({ isDrained }, index) => (isDrained ? [index] : []))
}

function decide(stage: Stage, wish: Wish, observer: Observer) {
  const { ledger, pool, world } = stage
  return stage.rules.administer(
    ledger.slots.length === 0 ? null : pool,
    wish,
    { by: ROOT, path: '/pool', administrator: null },
    { sightings: world.sightings(pool, observer), now: world.now },
  )
}
