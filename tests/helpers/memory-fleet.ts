import { applyChanges, type Decision } from '../../src/core/changes.ts'
import type { HostPool, HostRecord } from '../../src/core/fleet.ts'
import type { LogEvent, UsageRecord } from '../../src/core/history.ts'
import type { Pool } from '../../src/core/pool.ts'
import type { Usage } from '../../src/core/usage.ts'
import type { Store } from '../../src/store/store.ts'
import { recordsOf } from './answers.ts'
import { aPool, idle, NOW } from './pools.ts'

/** A host of four idle GPUs that has just given a sign, unless told otherwise. */
export function aHost(parts: Partial<HostPool> = {}): HostPool {
  return {
    host: 'gpu-01',
    pool: aPool({ gpus: 4 }),
    now: NOW,
    lastSignAgoMs: 2000,
    probed: { usage: idle(4), agoMs: 12_000 },
    ...parts,
  }
}

/** A store in memory, of one of several hosts; what it holds of the others is made up. */
export class MemoryFleet implements Store {
  readonly left: { usage: Usage; now: number }[] = []
  records: HostRecord[] = []
  happened: { host: string; event: LogEvent }[] = []
  private readonly ownRecords: UsageRecord[] = []

  constructor(
    public others: readonly HostPool[],
    public pool: Pool | null = null,
  ) {}

  readonly fleet: Store['fleet'] = {
    host: 'here',
    isHere: async () => true,
    hosts: async () => [...this.others],
    leave: async (usage, now) => void this.left.push({ usage, now }),
    usageRecords: async (hosts, since) =>
      this.records.filter(({ host, record }) => hosts.includes(host) && record.endedAt >= since),
    events: async (hosts, limit) => this.happened.filter(({ host }) => hosts.includes(host)).slice(-limit),
  }

  async read(): Promise<Pool | null> {
    return this.pool
  }

  async update<T>(decide: (pool: Pool | null, life: null) => Decision<T>): Promise<T> {
    const { changes, result } = decide(this.pool, null)
    this.pool = applyChanges(this.pool, changes)
    this.ownRecords.push(...recordsOf(changes))
    return result
  }

  async usageRecords(): Promise<UsageRecord[]> {
    return this.ownRecords
  }

  async readWithUses(): Promise<Pool | null> {
    return this.pool
  }

  async events() {
    return []
  }

  async listen() {
    return { wait: async () => false, close() {} }
  }

  alone<T>(act: () => Promise<T>): Promise<T | null> {
    return act()
  }

  async administratorUid(): Promise<number | null> {
    return null
  }

  close(): void {}
}
