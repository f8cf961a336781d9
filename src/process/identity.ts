import type { Sighting } from '../core/expire.ts'
import type { Pool, ProcessIdentity, RunReservation } from '../core/pool.ts'
import { readLink, readText } from '../system/libc/files.ts'
import { processExists } from '../system/libc/processes.ts'
import { type ProcessStat, statOf } from './stat.ts'

/** A zombie is dead, unless only its first thread has ended and others go on. */
function runs({ state, threadCount }: ProcessStat): boolean {
  return (state !== 'Z' && state !== 'X') || threadCount > 1
}

/** Whether a process of this pid namespace runs; a hidden one that exists does. */
export function isRunning(pid: number): boolean {
  const stat = statOf(pid)
  return stat ? runs(stat) : processExists(pid) !== 'no'
}

/** The part of a process's identity that all processes here share. */
interface Here {
  readonly bootId: string
  readonly pidNamespace: string
  /** Whether /proc counts in this namespace: in a sandbox it may be the host's, where every pid is somebody else's. */
  readonly procIsOurs: boolean
}

function here(): Here {
  return {
    bootId: readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '',
    pidNamespace: readLink('/proc/self/ns/pid') ?? '',
    procIsOurs: readLink('/proc/self') === String(process.pid),
  }
}

/** The identity of a process that runs, null when it does not, cannot be seen, or cannot be told from here. */
export function identityOf(pid: number): ProcessIdentity | null {
  const { bootId, pidNamespace, procIsOurs } = here()
  const stat = statOf(pid)
  if (!procIsOurs || bootId === '' || !stat || !runs(stat)) return null
  return { bootId, pidNamespace, pid, startTicks: stat.startTicks }
}

/** The identity of the calling process. It stays the same across exec. */
export function ownIdentity(): ProcessIdentity {
  const stat = statOf('self')
  if (!stat) throw new Error('/proc/self/stat cannot be read: is /proc mounted?')
  const { bootId, pidNamespace } = here()
  return { bootId, pidNamespace, pid: process.pid, startTicks: stat.startTicks }
}

/**
 * Looks for a process.
 *
 * It is gone after a reboot, when nothing has its pid, when its pid belongs to a process with another start time, and when
 * it is a zombie. A process that exists but is hidden (/proc mounted with hidepid) counts as alive: what cannot be
 * shown to be gone is not. So without a /proc that can be believed, all but a pid that nothing has is unseen.
 */
export function sight(identity: ProcessIdentity, place: Here = here()): Sighting {
  if (place.bootId === '') return 'unseen'
  if (identity.bootId !== place.bootId) return 'gone'
  if (identity.pidNamespace !== place.pidNamespace) return 'unseen'
  if (!place.procIsOurs) return processExists(identity.pid) === 'no' ? 'gone' : 'unseen'
  const stat = statOf(identity.pid)
  if (!stat) return processExists(identity.pid) === 'no' ? 'gone' : 'alive'
  return stat.startTicks === identity.startTicks && runs(stat) ? 'alive' : 'gone'
}

/** Looks for a process that waits. */
function sightWaiter(identity: ProcessIdentity, place: Here): Sighting {
  const sighting = sight(identity, place)
  return sighting === 'alive' && statOf(identity.pid)?.state === 'T' ? 'stopped' : sighting
}

/** Alive while one of its processes is, gone when all are. */
function sightRun({ processes }: RunReservation, place: Here): Sighting {
  const sightings = processes.map(process => sight(process, place))
  if (sightings.includes('alive')) return 'alive'
  return sightings.includes('unseen') ? 'unseen' : 'gone'
}

/** Only when it matters: it loads `node:fs`. */
function loadLivingKeeper() {
  return require('./living-keeper.ts') as typeof import('./living-keeper.ts')
}

/** Looks for the processes of every `run` reservation and of every request that waits. */
export function sightAll(pool: Pool): Map<string, Sighting> {
  const runs = pool.reservations.filter(reservation => reservation.type === 'run')
  if (runs.length + pool.queue.length === 0) return new Map()
  const place = here()
  const sightings = new Map([
    ...runs.map((run): [string, Sighting] => [run.id, sightRun(run, place)]),
    ...pool.queue.map(({ id, process }): [string, Sighting] => [id, sightWaiter(process, place)]),
  ])
  const wasHere = ({ processes }: RunReservation) => processes.some(({ bootId }) => bootId === place.bootId)
  const gone = runs.filter(run => sightings.get(run.id) === 'gone' && wasHere(run))
  // All in one look: to read what every process here is takes some milliseconds, and others wait for the store meanwhile.
  const kept = gone.length === 0 ? [] : loadLivingKeeper().keptAmong(gone)
  for (const id of kept) sightings.set(id, 'ended')
  return sightings
}

/** The pids of processes, without those that count in another pid namespace. */
export function pidsHere(identities: readonly ProcessIdentity[]): number[] {
  const { pidNamespace } = here()
  return identities.filter(identity => identity.pidNamespace === pidNamespace).map(({ pid }) => pid)
}
