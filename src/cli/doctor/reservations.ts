import { formatDuration } from '../../core/duration.ts'
import { endOf, HEARTBEAT_INTERVAL_MS } from '../../core/expire.ts'
import { gpuList } from '../../core/gpu-list.ts'
import { displayName, type RunReservation } from '../../core/pool.ts'
import type { HostFacts } from './facts.ts'
import { type Finding, withAdvice } from './finding.ts'

/** A keeper may be late when the host is busy. */
const SILENCE_MS = 3 * HEARTBEAT_INTERVAL_MS

/** Every run lives and has its keeper. */
export function checkReservations({ pool, sightings, now }: HostFacts): Finding {
  const check = 'reservations'
  const runs = pool?.reservations.filter(reservation => reservation.type === 'run') ?? []
  const dead = runs.filter(run => endOf(run, sightings, now) !== null)
  const alone = runs.filter(run => !dead.includes(run) && now - run.heartbeatAt > SILENCE_MS)
  const found = [
    ...dead.map(run =>
      withAdvice(
        `${named(run)} is dead`,
        'nothing to do: the next command that reserves takes its GPUs back',
      ),
    ),
    ...alone.map(run =>
      withAdvice(
        `${named(run)} has given no sign of life for ${formatDuration(now - run.heartbeatAt)}`,
        'its keeper is gone or stopped; the GPUs come free when the command ends, all the same',
      ),
    ),
  ]
  if (found.length > 0) return { level: 'warning', check, text: found.join('; ') }
  return { level: 'ok', check, text: 'every run lives and has its keeper' }
}

function named(run: RunReservation): string {
  const pids = run.processes.map(({ pid }) => pid).join(', ')
  return `the run of ${displayName(run)} on GPU(s) ${gpuList(run.gpus)} (PID ${pids})`
}
