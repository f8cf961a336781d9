import { type HostPool, type HostRecord, isHostName } from '../../core/fleet.ts'
import type { LogEvent } from '../../core/history.ts'
import type { Usage } from '../../core/usage.ts'
import type { Fleet } from '../store.ts'
import type { Client } from './client.ts'
import type { Entry } from './history.ts'
import { FLEET, keysOf } from './keys.ts'
import sign from './scripts/sign.lua' with { type: 'text' }
import { isLeftUsage, isLogEvent, isPool } from './shapes.ts'

/** Of so many hosts the history is asked at once: no round trip for each, and no answer of all that there is. */
const HOSTS_AT_ONCE = 10

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
    const { readRecords } = await import('./history.ts')
    const records: HostRecord[] = []
    for (let from = 0; from < hosts.length; from += HOSTS_AT_ONCE) {
      const some = hosts.slice(from, from + HOSTS_AT_ONCE)
      await Promise.all(
        some.map(host =>
          readRecords(this.client, keysOf(host).records, { since }, record => records.push({ host, record })),
        ),
      )
    }
    return records
  }

  async events(
    hosts: readonly string[],
    limit: number,
  ): Promise<{ readonly host: string; readonly event: LogEvent }[]> {
    const { parsed } = await import('./history.ts')
    if (hosts.length === 0) return []
    const replies = await this.client.askAll(
      hosts.map(host => ['XREVRANGE', keysOf(host).events, '+', '-', 'COUNT', String(limit)]),
    )
    return hosts
      .flatMap((host, place) =>
        (replies[place] as readonly Entry[])
          .map(([, fields]) => ({ host, writtenAt: Number(fields[3]), text: fields[5] }))
          .reverse(),
      )
      .sort((a, b) => a.writtenAt - b.writtenAt)
      .slice(-limit)
      .map(({ host, text }) => ({
        host,
        event: parsed(text, isLogEvent, { key: keysOf(host).events, client: this.client }),
      }))
  }
}

/** A host from its copies; null when they are not what canhazgpu writes: the truth is in the host's own key. */
function hostPool(host: string, fields: ReadonlyMap<string, string>, now: number): HostPool | null {
  const pool = json(fields.get(`${host}/pool`))
  const times = /^(\d{1,15}) (\d{1,15})$/.exec(fields.get(`${host}/sign`) ?? '')
  if (!isPool(pool) || !times) return null
  const [signedAt, receivedAt] = [Number(times[1]), Number(times[2])]
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
  const [, at = '', left = ''] = /^(\d{1,15}) (.*)$/s.exec(text ?? '') ?? []
  const usage = json(left)
  if (!isLeftUsage(usage)) return null
  const agoMs = Math.max(0, now - Number(at)) + usage.tookMs
  return { usage: { tool: usage.tool, gpus: new Map(usage.gpus) }, agoMs }
}

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return null
  }
}
