import { DAY, HOUR, MINUTE, SECOND } from './pools.ts'
import { keepers } from './simulator-keepers.ts'
import type { Stage } from './simulator-stage.ts'
import { waiters } from './simulator-waiters.ts'

/** What happens to the host, its clock and its processes. */
export const events = {
  /** Often until just when something ends, or somebody was silent for too long, or was warned long enough ago. */
  timePasses(stage: Stage): void {
    const { ledger, random, world } = stage
    const moments = [
      ...ledger
        .entries()
        .flatMap(({ until, endsAt, lastSignAt, warnedAt }) =>
          typeof until === 'number'
            ? [until, (warnedAt ?? -Infinity) + 5 * MINUTE]
            : [endsAt ?? -Infinity, lastSignAt + 5 * MINUTE],
        ),
      ...ledger.line.map(({ lastSignAt }) => lastSignAt + 5 * MINUTE),
    ].filter(at => at > world.now)
    const moment = random.chance(0.4) ? random.pick(moments) : undefined
    if (moment !== undefined && moment < world.now + DAY) world.now = moment - 1
    else
      world.now += random.pick([
        SECOND,
        random.int(1, 6) * MINUTE,
        random.int(1, 6) * MINUTE,
        random.chance(0.5) ? MINUTE : HOUR,
      ])
    if (random.chance(0.4)) return
    // Nobody was late with a sign of life.
    stage.checkBooks()
    keepers.keepersBeat(stage)
    waiters.waitersBeat(stage)
  },

  clockIsSet(stage: Stage): void {
    const { random, world } = stage
    const forward = random.chance(0.5)
    world.now += (forward ? 1 : -1) * random.int(1, 3) * random.pick([SECOND, HOUR, DAY])
    stage.happened(forward ? 'a clock set forward' : 'a clock set back')
  },

  jobEnds(stage: Stage): void {
    const { ledger, random, world } = stage
    const entry = random.pick(ledger.entries())
    if (!entry || typeof entry.until === 'number') return
    const process = entry.until.find(process => world.isRunning(process))
    if (!process) return
    world.endProcess(process, random.chance(0.2))
    if (entry.until.some(process => world.isRunning(process))) return
    const isKept = stage.world.keepers.some(({ id }) => id === entry.id)
    stage.happened(isKept ? 'an end that a keeper sees' : 'an end that no keeper sees')
  },

  /** `run --timeout` ends its command; at times too late. */
  timeLimitsEnd({ happened, ledger, world }: Stage): void {
    for (const { until, endsAt } of ledger.entries()) {
      if (endsAt === null || endsAt > world.now || typeof until === 'number') continue
      for (const process of until) world.endProcess(process, false)
      happened('a time limit that ends a run')
    }
  },

  reboot(stage: Stage): void {
    stage.world.reboot()
    stage.asking = []
    stage.waiters = []
    stage.world.keepers = []
    stage.happened('a reboot')
  },

  holderComputes({ ledger, random, world }: Stage): void {
    const index = random.int(0, world.hardware.length - 1)
    const until = ledger.slots[index]?.entry?.until
    if (typeof until === 'number') world.compute(index)
    else {
      const process = until?.find(process => world.isRunning(process))
      if (process) world.compute(index, process.pid)
    }
  },

  /** On any GPU, reserved for others or not; at times only its memory can be seen, or not whose it is. */
  intruderComputes(stage: Stage): void {
    const { random, world } = stage
    const index = random.int(0, world.hardware.length - 1)
    const gpu = world.hardware[index]
    if (random.chance(0.4)) {
      const { pid } = world.startProcess(stage.observer().pidNamespace, random.pick(stage.uids))
      world.compute(index, pid)
      if (random.chance(0.6)) world.compute(random.int(0, world.hardware.length - 1), pid)
    } else if (random.chance(0.6)) world.compute(index)
    else if (gpu) gpu.memoryMiB = random.pick([101, 400, 9000])
  },

  computingStops({ random, world }: Stage): void {
    const gpu = random.pick(world.hardware)
    if (!gpu) return
    gpu.processes = gpu.processes.slice(1)
    gpu.memoryMiB = random.pick([0, 45, 100])
  },

  gpuFallsOrRecovers({ random, world }: Stage): void {
    const gpu = random.pick(world.hardware)
    if (gpu) gpu.isWell = !gpu.isWell || random.chance(0.7)
  },
}
