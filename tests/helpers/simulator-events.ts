import { DAY, HOUR, MINUTE, SECOND } from './pools.ts'
import type { Stage } from './simulator-stage.ts'

/** What happens to the host, its clock and its processes. */
export const events = {
  /** In round steps, so that it is often just at the end of something. */
  timePasses({ random, world }: Stage): void {
    world.now += random.pick([SECOND, random.int(1, 6) * MINUTE, random.int(1, 6) * MINUTE, HOUR])
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
    if (!entry || typeof entry.until === 'number' || !world.isRunning(entry.until)) return
    world.endProcess(entry.until, random.chance(0.2))
    const isKept = stage.keepers.some(({ id }) => id === entry.id)
    stage.happened(isKept ? 'an end that a keeper sees' : 'an end that no keeper sees')
  },

  /** `kill -9` of a command between its probe and its decision. */
  askerIsKilled(stage: Stage): void {
    const asking = stage.random.pick(stage.asking)
    stage.asking = stage.asking.filter(other => other !== asking)
    if (asking && 'process' in asking.request.until)
      stage.world.endProcess(asking.request.until.process, false)
  },

  reboot(stage: Stage): void {
    stage.world.reboot()
    stage.asking = []
    stage.keepers = []
    stage.happened('a reboot')
  },

  holderComputes({ ledger, random, world }: Stage): void {
    const index = random.int(0, world.hardware.length - 1)
    const until = ledger.slots[index]?.entry?.until
    if (typeof until === 'number') world.compute(index)
    else if (until && world.isRunning(until)) world.compute(index, until.pid)
  },

  /** On any GPU, reserved for others or not; at times only its memory can be seen. */
  intruderComputes({ random, world }: Stage): void {
    const index = random.int(0, world.hardware.length - 1)
    const gpu = world.hardware[index]
    if (random.chance(0.7)) world.compute(index)
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
    if (gpu) gpu.isWell = !gpu.isWell
  },
}
