import { reporter, usesInPool } from '../../core/report.ts'
import { expectRepetition } from '../../system/machine-code.ts'
import type { Context } from '../command.ts'
import { localDays } from '../local-days.ts'
import { type Asked, printReport } from '../show-report.ts'
import { hostsOf, openFleet, sightingsOf } from './open-fleet.ts'
import { ownHost } from './own-host.ts'

/** The report of all hosts together. */
export async function showFleetReport(context: Context, { dayCount, by, form }: Asked): Promise<void> {
  expectRepetition()
  const now = context.now()
  const days = localDays(now, dayCount)
  const fleet = await openFleet(context)
  // The pools first: what ends in between is in both then, and never in neither.
  const pools = await hostsOf(fleet)
  const hosts = pools.map(({ host }) => host)
  const records = await fleet.usageRecords(hosts, days[0]?.from ?? now)
  const sums = reporter(
    by,
    days,
    pools.flatMap(({ host, pool }) => pool.gpus.map(({ index }) => ({ host, index }))),
  )
  const recorded = new Set(records.map(({ host, record }) => `${host} ${record.id}`))
  for (const { host, record } of records) sums.add({ ...record, host })
  const own = ownHost(context)
  for (const held of pools) {
    const { host } = held
    const reservations = held.pool.reservations.filter(({ id }) => !recorded.has(`${host} ${id}`))
    const pool = { ...held.pool, reservations }
    for (const use of usesInPool(pool, sightingsOf(held, own), held.now)) sums.add({ ...use, host })
  }
  printReport(context, sums.report(), { form, since: days[0]?.date ?? '', hosts, now })
}
