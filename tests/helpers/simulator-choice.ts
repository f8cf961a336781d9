import type { Policy } from '../../src/core/pool.ts'
import type { Slot } from './simulator-ledger.ts'

type Choose = (slots: readonly Slot[], usable: readonly number[], count: number, uid: number) => number[]

/** Each policy by the plainest means: with a finger. */
export const choices: Readonly<Record<Policy, Choose>> = {
  /** Again and again the one that is free for longest. */
  lru: (slots, usable, count) => pickOut(usable, count, index => slots[index]?.freedAt ?? -Infinity),

  /** Again and again the one that this user gave back last; when there is none left, as `lru`. */
  'mru-user'(slots, usable, count, uid) {
    const own = usable.filter(index => slots[index]?.lastUid === uid)
    const first = pickOut(own, count, index => -(slots[index]?.freedAt ?? 0))
    const rest = usable.filter(index => !own.includes(index))
    return [...first, ...choices.lru(slots, rest, count - first.length, uid)].sort((a, b) => a - b)
  },

  /** From the first GPU of the gap that fits best; or one by one from the largest gap that is left. */
  pack(_, usable, count) {
    const first = usable.filter(index => !usable.includes(index - 1))
    const gaps = first.map(index => ({ index, length: lengthFrom(index, usable) }))
    const fitting = gaps.filter(({ length }) => length >= count)
    const [best] = pickOut(
      fitting.map(({ index }) => index),
      1,
      index => lengthFrom(index, usable),
    )
    if (best !== undefined) return Array.from({ length: count }, (_, more) => best + more)
    const order = pickOut(first, first.length, index => -lengthFrom(index, usable), false)
    return order
      .flatMap(index => Array.from({ length: lengthFrom(index, usable) }, (_, more) => index + more))
      .slice(0, count)
      .sort((a, b) => a - b)
  },
}

/** Takes the one of least cost, and of equals the first, until there are enough. */
function pickOut(
  usable: readonly number[],
  count: number,
  costOf: (index: number) => number,
  isSorted = true,
): number[] {
  const taken: number[] = []
  while (taken.length < count) {
    let best: number | null = null
    for (const index of usable) {
      if (taken.includes(index)) continue
      if (best === null || costOf(index) < costOf(best)) best = index
    }
    if (best === null) break
    taken.push(best)
  }
  return isSorted ? taken.sort((a, b) => a - b) : taken
}

function lengthFrom(index: number, usable: readonly number[]): number {
  let length = 0
  while (usable.includes(index + length)) length++
  return length
}
