import type { Sighting } from '../../src/core/expire.ts'
import type { Pool, ProcessIdentity } from '../../src/core/pool.ts'
import type { GpuProcess, GpuUsage, Usage } from '../../src/core/usage.ts'
import { NOW } from './pools.ts'
import type { Random } from './simulator-random.ts'

/** Where a command runs, and so which processes it can see. */
export interface Observer {
  readonly pidNamespace: string
  /** It has looked for no process at all. */
  readonly blind: boolean
}

/** What a probe answered, and beside it what was true at that moment. */
export interface Probed {
  readonly usage: Usage
  /** Whether a GPU was in the answer, and nobody could be seen to use it. */
  isSeenIdle(index: number, thresholdMiB: number): boolean
}

interface Hardware {
  /** Memory that belongs to no process that can be seen. */
  memoryMiB: number
  processes: GpuProcess[]
  /** Whether the tool reports it; a GPU may fall off the bus. */
  isWell: boolean
}

export const NAMESPACES = ['pid:[host]', 'pid:[container]'] as const

/** A keeper, by what it keeps. */
export interface Keeper {
  readonly id: string
  readonly uid: number
}

/** What really is: the clock, the processes and the hardware. The rules only ever see reports of it. */
export class World {
  now = NOW
  /** From the drain-out on: the tool always answers, and of every GPU. */
  isCalm = false
  readonly hardware: Hardware[]
  private bootCount = 1
  private lastPid = 1000
  private readonly running = new Set<string>()
  private readonly stopped = new Set<string>()
  /** Those that run under a known user, by pid. */
  private readonly owners = new Map<number, { readonly identity: ProcessIdentity; readonly uid: number }>()
  /** Unified memory: the tool says `[N/A]` for all GPUs. */
  private readonly tellsMemory: boolean

  keepers: Keeper[] = []

  constructor(private readonly random: Random) {
    this.tellsMemory = random.chance(0.85)
    this.hardware = Array.from({ length: random.int(1, random.pick([4, 8, 12] as const)) }, () => ({
      memoryMiB: random.pick([0, 0, 45, 100]),
      processes: [],
      isWell: true,
    }))
  }

  startProcess(pidNamespace: string, uid: number): ProcessIdentity {
    const identity = {
      bootId: `boot-${this.bootCount}`,
      pidNamespace,
      pid: ++this.lastPid,
      startTicks: this.lastPid * 7,
    }
    this.running.add(key(identity))
    this.owners.set(identity.pid, { identity, uid })
    return identity
  }

  /** The process of a pid and its user, as far as somebody sees it. */
  ownerOf(pid: number, observer: Observer): { identity: ProcessIdentity; uid: number } | undefined {
    const owned = this.owners.get(pid)
    return owned && this.sight(owned.identity, observer) === 'alive' ? owned : undefined
  }

  isRunning(identity: ProcessIdentity): boolean {
    return this.running.has(key(identity))
  }

  /** Ctrl-Z. */
  stopProcess(identity: ProcessIdentity): void {
    this.stopped.add(key(identity))
  }

  continueProcess(identity: ProcessIdentity): void {
    this.stopped.delete(key(identity))
  }

  isStopped(identity: ProcessIdentity): boolean {
    return this.stopped.has(key(identity))
  }

  /** Ends a process; what it had on GPUs vanishes, unless a child of it goes on there. */
  endProcess(identity: ProcessIdentity, childGoesOn: boolean): void {
    this.running.delete(key(identity))
    for (const gpu of this.hardware) {
      const had = gpu.processes.some(({ pid }) => pid === identity.pid)
      gpu.processes = gpu.processes.filter(({ pid }) => pid !== identity.pid)
      if (had && childGoesOn) gpu.processes.push({ pid: ++this.lastPid, name: 'child', memoryMiB: 700 })
    }
  }

  reboot(): void {
    this.bootCount++
    this.running.clear()
    this.stopped.clear()
    for (const gpu of this.hardware) Object.assign(gpu, { memoryMiB: 0, processes: [], isWell: true })
  }

  /** Somebody computes on a GPU, whoever has it. */
  compute(index: number, pid = ++this.lastPid): void {
    const memoryMiB = this.random.pick([null, 0, 8452])
    this.hardware[index]?.processes.push({ pid, name: 'python3', memoryMiB })
  }

  /** What an observer finds when it looks for a process; null when it did not look. */
  sight(identity: ProcessIdentity, observer: Observer): Sighting | null {
    if (observer.blind) return null
    if (identity.bootId !== `boot-${this.bootCount}`) return 'gone'
    if (identity.pidNamespace !== observer.pidNamespace) return 'unseen'
    return this.isRunning(identity) ? 'alive' : 'gone'
  }

  /** A run is alive while one of its processes is; when all are gone, it depends on its keeper. */
  sightRun(id: string, processes: readonly ProcessIdentity[], observer: Observer): Sighting | null {
    const sightings = processes.map(process => this.sight(process, observer))
    const sighting = sightings.find(sighting => sighting !== 'gone') ?? sightings[0] ?? null
    return sighting === 'gone' && this.keepers.some(keeper => keeper.id === id) ? 'ended' : sighting
  }

  /** Of a process that waits it can be seen, too, whether it is stopped. */
  sightWaiter(identity: ProcessIdentity, observer: Observer): Sighting | null {
    const sighting = this.sight(identity, observer)
    return sighting === 'alive' && this.isStopped(identity) ? 'stopped' : sighting
  }

  sightings({ reservations, queue }: Pool, observer: Observer): Map<string, Sighting> {
    const found = new Map<string, Sighting>()
    for (const reservation of reservations) {
      if (reservation.type !== 'run') continue
      const sighting = this.sightRun(reservation.id, reservation.processes, observer)
      if (sighting) found.set(reservation.id, sighting)
    }
    for (const { id, process } of queue) {
      const sighting = this.sightWaiter(process, observer)
      if (sighting) found.set(id, sighting)
    }
    return found
  }

  /** Whatever disturbed is over: nobody computes, every GPU is well, and the tool answers. */
  calmDown(): void {
    this.isCalm = true
    for (const gpu of this.hardware) Object.assign(gpu, { memoryMiB: 0, processes: [], isWell: true })
  }

  /** @returns null when the tool fails; at times rows are missing from its answer */
  probe(): Probed | null {
    if (!this.isCalm && this.random.chance(0.1)) return null
    const missing = !this.isCalm && this.random.chance(0.15) ? 0.4 : 0
    const gpus = new Map<number, GpuUsage>()
    const memory = new Map<number, number>()
    for (const [index, gpu] of this.hardware.entries()) {
      if (!gpu.isWell || this.random.chance(missing)) continue
      const total = gpu.processes.reduce((sum, { memoryMiB }) => sum + (memoryMiB ?? 0), gpu.memoryMiB)
      gpus.set(index, { memoryUsedMiB: this.tellsMemory ? total : null, processes: [...gpu.processes] })
      if (gpu.processes.length === 0) memory.set(index, this.tellsMemory ? total : 0)
    }
    return {
      usage: { tool: 'nvidia-smi', gpus },
      isSeenIdle: (index, thresholdMiB) => (memory.get(index) ?? Infinity) <= thresholdMiB,
    }
  }
}

function key({ bootId, pid }: ProcessIdentity): string {
  return `${bootId}/${pid}`
}
