import { DAY_MS } from '../../core/duration.ts'
import { StoreGarbledError } from '../../core/errors.ts'
import type { UsageRecord } from '../../core/history.ts'
import type { Pool } from '../../core/pool.ts'
import type { Use } from '../../core/report.ts'
import type { NumberedEvent } from '../store.ts'
import type { Client } from './client.ts'
import { FIELDS, heldPool } from './held-pool.ts'
import type { HostKeys } from './keys.ts'
import type { Reply } from './reply.ts'
import readWithRecordsScript from './scripts/read-with-records.lua' with { type: 'text' }
import { isLogEvent, isUsageRecord } from './shapes.ts'

/** So many entries of a stream are asked for at once: no reply is large, and there are few of them. */
const PAGE = 2000

/** Entries are found by when the server wrote them. A record that ended later than that would have to come from a clock so far off. */
const MOST_CLOCK_SKEW_MS = DAY_MS

/** An entry of a stream: its id, and its fields and values by turns. */
export type Entry = readonly [id: string, fields: readonly string[]]

/**
 * Hands out the usage records that ended at or after an instant, in the order in which they were written.
 *
 * @param from the id of the first one that is of interest, where that is known
 * @param until the id of the last one
 */
export async function readRecords(
  client: Client,
  key: string,
  { since, from = firstId(since), until = '+' }: { since: number; from?: string; until?: string },
  visit: (record: UsageRecord) => void,
): Promise<void> {
  for (;;) {
    const entries = (await client.ask('XRANGE', key, from, until, 'COUNT', String(PAGE))) as readonly Entry[]
    for (const record of recordsIn(entries, since, { key, client })) visit(record)
    const last = entries.at(-1)
    if (!last || entries.length < PAGE) return
    from = nextId(last[0])
  }
}

/** The id from which on entries may be of records that ended at or after an instant. */
function firstId(since: number): string {
  return String(Math.max(0, Math.floor(since - MOST_CLOCK_SKEW_MS)))
}

/** The records among entries that ended at or after an instant. */
function recordsIn(
  entries: readonly Entry[],
  since: number,
  at: { key: string; client: Client },
): UsageRecord[] {
  return entries
    .filter(([, fields]) => Number(fields[1]) >= since)
    .map(([, fields]) => parsed(fields[3], isUsageRecord, at))
}

export async function readWithRecords(
  client: Client,
  keys: HostKeys,
  since: number,
  visit: (use: Use) => void,
): Promise<Pool | null> {
  const reply = await client.run(readWithRecordsScript, [keys.pool, keys.records], [])
  const fields = Array.isArray(reply) ? (reply as readonly Reply[]) : []
  const { pool } = heldPool(fields.slice(0, FIELDS.length), { key: keys.pool, shown: client.place.shown })
  const last = fields[FIELDS.length]
  if (pool && typeof last === 'string') {
    await readRecords(client, keys.records, { since, until: last }, record => visit(useOf(record)))
  }
  return pool
}

function useOf(record: UsageRecord): Use {
  const { type, holder, alias, gpus, reservedAt, endedAt, waitedMs, unusedGpuMs } = record
  return { type, holder, alias, gpus, reservedAt, endedAt, waitedMs, unusedGpuMs }
}

export async function readEvents(
  client: Client,
  key: string,
  { after, limit }: { after: number; limit: number },
): Promise<NumberedEvent[]> {
  const reply = await client.ask('XREVRANGE', key, '+', `${after + 1}-0`, 'COUNT', String(limit))
  return (reply as readonly Entry[])
    .map(([id, fields]) => ({
      number: Number(id.split('-')[0]),
      event: parsed(fields[5], isLogEvent, { key, client }),
    }))
    .reverse()
}

/** @throws {StoreGarbledError} when it is not of that shape */
export function parsed<T>(
  text: string | undefined,
  isShape: (value: unknown) => value is T,
  { key, client }: { key: string; client: Client },
): T {
  try {
    const value: unknown = JSON.parse(text ?? '')
    if (isShape(value)) return value
  } catch {
    // Not JSON: as below.
  }
  throw new StoreGarbledError(client.place.shown, key, 'an entry holds what canhazgpu has never written')
}

/** The id behind another one. */
function nextId(id: string): string {
  const [time, number] = id.split('-')
  return `${time}-${Number(number) + 1}`
}
