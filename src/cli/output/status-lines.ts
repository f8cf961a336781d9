import { formatDuration, MINUTE_MS } from '../../core/duration.ts'
import { type Drain, displayName, type Pool, type Reservation } from '../../core/pool.ts'
import { type GpuStatus, type PoolFacts, poolStatus, type Validation } from '../../core/status.ts'
import type { GpuDetails, GpuProcess } from '../../core/usage.ts'
import { type Colour, type ColouredLine, colouredLine } from './colour.ts'

/** How many processes a line names before it only counts. */
const SHOWN_PROCESSES = 2

/**
 * One GPU in the words of the specification.
 *
 * @param ownerOf the user of a process, null when nobody can tell
 * @param age how old the answer of the GPU tool is, where it is not of this moment: ` 12s ago`
 */
export function statusLine(
  status: GpuStatus,
  now: number,
  ownerOf: (pid: number) => string | null,
  age = '',
): string {
  return `GPU ${status.index}: ${describe(status, now, ownerOf, age)}`
}

const STATES: { readonly [S in GpuStatus['state']]: readonly [words: string, colour: Colour] } = {
  available: ['AVAILABLE', 'green'],
  reserved: ['IN USE', 'yellow'],
  'in-use-without-reservation': ['IN USE WITHOUT RESERVATION', 'red'],
  drained: ['DRAINED', 'magenta'],
  unavailable: ['UNAVAILABLE', 'red'],
}

/** All lines of `status`, each with a colour for its state, and with the details of its GPU where they were asked for. */
export function statusLines(
  pool: Pool,
  facts: PoolFacts,
  ownerOf: (pid: number) => string | null,
): ColouredLine[] {
  return linesOf(poolStatus(pool, facts), facts, ownerOf)
}

/** The same of GPUs whose state is known already. @param age see `statusLine` */
export function linesOf(
  statuses: readonly GpuStatus[],
  facts: PoolFacts,
  ownerOf: (pid: number) => string | null,
  age?: string,
): ColouredLine[] {
  return statuses.map(status => {
    const details = facts.usage?.gpus.get(status.index)?.details
    return colouredStatusLine(status, statusLine(status, facts.now, ownerOf, age) + detailsNote(details))
  })
}

function colouredStatusLine(status: GpuStatus, line: string): ColouredLine {
  const before = `GPU ${status.index}: `
  const [words, usual] = STATES[status.state]
  // Green is a promise: nobody has validated this one.
  const colour = status.state === 'available' && status.validation.kind !== 'idle' ? 'yellow' : usual
  return colouredLine(before, words, line.slice(before.length + words.length), colour)
}

/** What a GPU is, and how it fares, at the end of its line: ` [NVIDIA H100 80GB HBM3, 81559MB, 37% utilization, 45C]`. */
export function detailsNote(details: GpuDetails | undefined): string {
  if (!details) return ''
  const { name, memoryTotalMiB, utilizationPercent, temperatureCelsius } = details
  const known = [
    name,
    memoryTotalMiB === null ? null : `${memoryTotalMiB}MB`,
    utilizationPercent === null ? null : `${utilizationPercent}% utilization`,
    temperatureCelsius === null ? null : `${temperatureCelsius}C`,
  ].filter(text => text !== null)
  return known.length > 0 ? ` [${known.join(', ')}]` : ''
}

function describe(
  status: GpuStatus,
  now: number,
  ownerOf: (pid: number) => string | null,
  age: string,
): string {
  switch (status.state) {
    case 'available': {
      const { lastReleasedAt } = status
      const released =
        lastReleasedAt === null ? '' : ` (last released ${formatDuration(now - lastReleasedAt)} ago)`
      return `AVAILABLE${released}${availableNote(status.validation, age)}`
    }
    case 'reserved': {
      const { reservedAt, note } = status.reservation
      const held = formatDuration(now - reservedAt)
      return `IN USE by ${displayName(status.reservation)} for ${held} (${terms(status.reservation, now)}) ${reservedNote(status.validation, { reservedAt, now, age })}${drainNote(status.drain)}${note === null ? '' : ` - ${note}`}`
    }
    case 'in-use-without-reservation':
      return `IN USE WITHOUT RESERVATION by ${users(status.processes, ownerOf)} - ${use(status.memoryMiB, status.processes)}${drainNote(status.drain)}`
    case 'drained': {
      const { by, at, note } = status.drain
      const why = note === null ? '' : ` (${note})`
      return `DRAINED by ${by.userName} for ${formatDuration(now - at)}${why}${availableNote(status.validation, age)}`
    }
    case 'unavailable':
      return `UNAVAILABLE (not reported by ${status.tool})`
  }
}

/** What is the matter with a GPU besides being used: ` [drained by root (broken)]`. */
function drainNote(drain: Drain | null): string {
  if (!drain) return ''
  return ` [drained by ${drain.by.userName}${drain.note === null ? '' : ` (${drain.note})`}]`
}

function terms(reservation: Reservation, now: number): string {
  return reservation.type === 'run'
    ? `run, last heartbeat ${formatDuration(now - reservation.heartbeatAt)} ago`
    : `manual, expires in ${formatDuration(reservation.expiresAt - now)}`
}

function availableNote(validation: Validation, age: string): string {
  if (validation.kind === 'idle') {
    const memory = validation.memoryMiB ? `: ${validation.memoryMiB}MB used` : ''
    return memory || age ? ` [validated${age}${memory}]` : ''
  }
  return ` ${unvalidatedNote(validation)}`
}

/** From here on the time is shown for which a reserved GPU has been unused; before, it is just not used yet. */
const LEAST_UNUSED_MS = MINUTE_MS

function reservedNote(
  validation: Validation,
  { reservedAt, now, age }: { reservedAt: number; now: number; age: string },
): string {
  switch (validation.kind) {
    case 'in-use': {
      const memory = validation.memoryMiB === null ? 'memory unknown' : `${validation.memoryMiB}MB`
      return `[validated${age}: ${memory}, ${validation.processCount} processes]`
    }
    case 'idle': {
      const unusedMs = now - Math.max(validation.unusedSince ?? now, reservedAt)
      const since = unusedMs >= LEAST_UNUSED_MS ? ` for ${formatDuration(unusedMs)}` : ''
      return `[validated${age}: no actual usage detected${since}]`
    }
    default:
      return unvalidatedNote(validation)
  }
}

function unvalidatedNote(validation: Validation): string {
  return validation.kind === 'not-reported'
    ? `[not validated: not reported by ${validation.tool}]`
    : '[not validated]'
}

/** `user a`, `users a and b`, `users a, b and c`; those whom nobody can name are one `unknown` at the end. */
function users(processes: readonly GpuProcess[], ownerOf: (pid: number) => string | null): string {
  const owners = new Set(processes.map(({ pid }) => ownerOf(pid)))
  const names = [...owners].filter(name => name !== null).sort()
  if (names.length < owners.size || owners.size === 0) names.push('unknown')
  if (names.length === 1) return names[0] === 'unknown' ? 'unknown' : `user ${names[0]}`
  return `users ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

function use(memoryMiB: number | null, processes: readonly GpuProcess[]): string {
  const memory = memoryMiB === null ? 'used' : `${memoryMiB}MB used`
  if (processes.length === 0) return memory
  const shown = processes
    .slice(0, SHOWN_PROCESSES)
    .map(({ pid, name }) => `PID ${pid} (${programName(name)})`)
    .join(', ')
  const rest = processes.length - SHOWN_PROCESSES
  return `${memory} by ${shown}${rest > 0 ? ` and ${rest} more` : ''}`
}

/** nvidia-smi gives a path; people know the program by its last part. */
export function programName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1) || path
}
