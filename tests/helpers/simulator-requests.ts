import { POLICIES, type ProcessIdentity, type Wanted } from '../../src/core/pool.ts'
import type { Request, Until } from '../../src/core/reserve.ts'
import { HOUR, MINUTE, SECOND } from './pools.ts'
import type { Random } from './simulator-random.ts'
import type { Stage } from './simulator-stage.ts'

/** Somebody's wish, and the process that asks; at times for what is not there. */
export function newRequest(
  stage: Stage,
  pidNamespace: string,
): { request: Request; process: ProcessIdentity } {
  const { random, world } = stage
  const uid = random.pick(stage.uids)
  const isRun = random.chance(0.5)
  const process = world.startProcess(pidNamespace, uid)
  const request: Request = {
    id: stage.newId(isRun ? 'run' : 'manual'),
    holder: { uid, userName: `user${uid}` },
    alias: null,
    note: null,
    wanted: newWish(random, stage.pool.gpus.length),
    until: isRun ? untilItEnds(random, process) : untilAnInstant(random, world.now),
    waiter: random.chance(0.7) ? process : null,
  }
  return { request, process }
}

function newWish(random: Random, poolSize: number): Wanted {
  const policy = random.pick([...POLICIES, 'lru'] as const)
  if (random.chance(0.7))
    return {
      count: random.chance(0.5) ? 1 : random.int(1, poolSize + (random.chance(0.1) ? 1 : 0)),
      gpuIds: null,
      policy,
    }
  const size = random.chance(0.05) ? poolSize + 1 : poolSize
  const least = random.int(0, size - 1)
  const gpuIds = random.chance(0.6)
    ? Array.from({ length: random.int(1, size - least) }, (_, more) => least + more)
    : [...new Set([least, random.int(0, size - 1)])].sort((a, b) => a - b)
  return { count: gpuIds.length, gpuIds, policy }
}

function untilItEnds(random: Random, process: ProcessIdentity): Until {
  return { process, durationMs: random.chance(0.5) ? null : duration(random) + 30 * SECOND }
}

function untilAnInstant(random: Random, now: number): Until {
  return random.chance(0.75) ? { durationMs: duration(random) } : { at: now + duration(random) }
}

function duration(random: Random): number {
  return random.int(1, 10) * random.pick([MINUTE, HOUR, HOUR] as const)
}
