import { NoSuchHostError, OneHostError } from '../../core/errors.ts'
import type { Sightings } from '../../core/expire.ts'
import type { HostPool } from '../../core/fleet.ts'
import { type HostView, viewHost } from '../../core/host-view.ts'
import { sightAll } from '../../process/identity.ts'
import { shownStoreUrl } from '../../store/open.ts'
import type { Fleet } from '../../store/store.ts'
import type { Context } from '../command.ts'
import { ownHost } from './own-host.ts'

/** What all hosts share. @throws {OneHostError} where the store holds the pool of one host alone */
export async function openFleet(context: Context): Promise<Fleet> {
  const { fleet } = await context.openStore('read')
  if (!fleet) throw new OneHostError(shownStoreUrl(context.storeUrl))
  return fleet
}

/** Every host with a pool, by name. A pool that has moved away, or has not arrived yet, is not one of the fleet. */
export async function hostsOf(fleet: Fleet): Promise<HostPool[]> {
  const hosts = await fleet.hosts()
  return hosts.filter(({ pool }) => pool.move === null || pool.move.state === 'leaving')
}

/** What can be said of each of them from here. */
export async function viewFleet(context: Context): Promise<HostView[]> {
  const hosts = await hostsOf(await openFleet(context))
  const own = ownHost(context)
  return hosts.map(host => viewHost(host, context.memoryThresholdMiB, sightingsOf(host, own)))
}

/** Processes can be seen on the own host only. */
export function sightingsOf({ host, pool }: HostPool, own: string): Sightings {
  return host === own ? sightAll(pool) : new Map()
}

/** One of them. @throws {NoSuchHostError} */
export function hostNamed(views: readonly HostView[], name: string): HostView {
  const view = views.find(({ host }) => host === name)
  if (view) return view
  throw new NoSuchHostError(
    name,
    views.map(({ host }) => host),
  )
}

/** The users of the processes on a host, as they were found out there. */
export function ownersOn({ facts: { usage } }: HostView): (pid: number) => string | null {
  const owners = new Map(
    [...(usage?.gpus.values() ?? [])].flatMap(({ processes }) =>
      processes.map(({ pid, userName }) => [pid, userName ?? null] as const),
    ),
  )
  return pid => owners.get(pid) ?? null
}
