import { type HostPool, type HostRecord, isHostName } from '../../core/fleet.ts'
import type { LogEvent, UsageRecord } from '../../core/history.ts'
import type { Pool } from '../../core/pool.ts'
import type { GpuUsage, Usage } from '../../core/usage.ts'
import type { Fleet } from '../store.ts'
import type { Client } from './client.ts'
import { isPool } from './held-pool.ts'
import { FLEET, keysOf } from './keys.ts'
import type { Reply } from './reply.ts'
import sign from './scripts/sign.lua' with { type: 'text' }

/** Of so many the history is asked for in one round trip: what comes back is to be there in a moment. */
const HOSTS_AT_ONCE = 20

/** What is known of all hosts, from the copies that their commands leave in one place. */
export class RedisFleet implements Fleet {
  constructor(
    private readonly client: Client,
    readonly host: string,
    readonly isHere: () => Promise<boolean>,
  ) {}

  async hosts(): Promise<HostPool[]> {
    const [time, copies] = await this.client.askAll([['TIME'], ['HGETALL', FLEET]])
    const [seconds, microseconds] = (time as readonly string[]).map(Number)
    const now = (seconds ?? 0) * 1000 + Math.floor((microseconds ?? 0) / 1000)
    const fields = new Map(Object.entries(copies as Readonly<Record<string, string>>))
    const hosts = [...fields.keys()].flatMap(name => (name.endsWith('/pool') ? [name.slice(0, -5)] : []))
    // What is no name was not written by canhazgpu; the others are not to suffer from it.
    return hosts
      .filter(isHostName)
      .sort()
      .flatMap(host => hostPool(host, fields, now) ?? [])
  }

  async leave(usage: Usage, now: number, askedAt = now): Promise<void> {
    // What is on the GPUs here is not what is on those of another machine.
    if (!(await this.isHere())) return
    const { tool, gpus } = usage
    const probed = JSON.stringify({ tool, gpus: [...gpus], tookMs: Math.max(0, now - askedAt) })
    await this.client.run(sign, [FLEET], [this.host, String(now), '', '', probed])
  }

  async usageRecords(hosts: readonly string[], since: number): Promise<HostRecord[]> {
    const { firstId, nextId, PAGE, readRecords, recordsIn } = await import('./history.ts')
    const { client } = this
    const firstPages = await this.ofEach(hosts, host => [
      ...['XRANGE', keysOf(host).records, firstId(since), '+'],
      ...['COUNT', String(PAGE)],
    ])
    const found: HostRecord[] = []
    for (const { host, entries } of firstPages) {
      const key = keysOf(host).records
      const add = (record: UsageRecord) => void found.push({ host, record })
      recordsIn(entries, since, { key, client }).forEach(add)
      const last = entries.at(-1)
      if (last && entries.length === PAGE)
        await readRecords(client, key, { since, from: nextId(last[0]) }, add)
    }
    return found
  }

  async events(
    hosts: readonly string[],
    limit: number,
  ): Promise<{ readonly host: string; readonly event: LogEvent }[]> {
    const { parsed } = await import('./history.ts')
    const events = await this.ofEach(hosts, host => [
      'XREVRANGE',
      keysOf(host).events,
      '+',
      '-',
      'COUNT',
      String(limit),
    ])
    return events
      .flatMap(({ host, entries }) =>
        entries.map(([, fields]) => ({ host, writtenAt: Number(fields[3]), text: fields[5] })).reverse(),
      )
      .sort((a, b) => a.writtenAt - b.writtenAt)
      .slice(-limit)
      .map(({ host, text }) => ({
        host,
        event: parsed<LogEvent>(text, { key: keysOf(host).events, client: this.client }),
      }))
  }

  private async ofEach(hosts: readonly string[], command: (host: string) => string[]) {
    const replies: Reply[] = []
    for (let at = 0; at < hosts.length; at += HOSTS_AT_ONCE)
      replies.push(...(await this.client.askAll(hosts.slice(at, at + HOSTS_AT_ONCE).map(command))))
    return hosts.map((host, place) => ({
      host,
      entries: replies[place] as readonly (readonly [string, readonly string[]])[],
    }))
  }
}

/** A host from its copies; null when they are not what canhazgpu writes: the truth is in the host's own key. */
function hostPool(host: string, fields: ReadonlyMap<string, string>, now: number): HostPool | null {
  const pool = json<Pool>(fields.get(`${host}/pool`))
  const [signedAt = NaN, receivedAt = NaN] = (fields.get(`${host}/sign`) ?? '').split(' ').map(Number)
  if (!isPool(pool) || Number.isNaN(signedAt + receivedAt)) return null
  const lastSignAgoMs = Math.max(0, now - receivedAt)
  return {
    host,
    pool,
    now: signedAt + lastSignAgoMs,
    lastSignAgoMs,
    probed: probed(fields.get(`${host}/probe`), now),
  }
}

function probed(text: string | undefined, now: number): HostPool['probed'] {
  const [, at = '', left = ''] = /^(\d+) (.*)$/s.exec(text ?? '') ?? []
  const usage = json<{ tool: string; gpus: [number, GpuUsage][]; tookMs?: number }>(left)
  if (!usage || !Array.isArray(usage.gpus)) return null
  const agoMs = Math.max(0, now - Number(at)) + (usage.tookMs ?? 0)
  return { usage: { tool: usage.tool, gpus: new Map(usage.gpus) }, agoMs }
}

function json<T>(text: string | undefined): T | null {
  try {
    return JSON.parse(text ?? '') as T
  } catch {
    return null
  }
}
