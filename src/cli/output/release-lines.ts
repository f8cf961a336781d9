import { formatDuration } from '../../core/duration.ts'
import { gpuList } from '../../core/gpu-list.ts'
import { displayName, type Holder, type Reservation } from '../../core/pool.ts'
import { wordsOf } from '../../process/command-of.ts'
import type { Ending } from '../release-gpus.ts'

const SHOWN_COMMAND_LENGTH = 60

/** What `release --gpu-ids` is about to do to one reservation. */
export function releaseNotice(
  { reservation, command, processes }: Ending,
  by: Holder,
  graceMs: number,
): string {
  const whose = reservation.holder.uid === by.uid ? 'your' : `${displayName(reservation)}'s`
  const claim = `${whose} ${reservation.type} reservation of GPU(s) ${gpuList(reservation.gpus)}`
  const pids = pidsOf(reservation, processes === 'alive' || processes === 'stopped')
  if (command) {
    return `Ends ${claim} and its command, ${pids}: SIGTERM, and SIGKILL after ${formatDuration(graceMs)}`
  }
  switch (processes) {
    case 'alive':
    case 'stopped':
      return `Ends ${claim}; ${pids} was there before it and goes on`
    case 'unseen':
      return `Ends ${claim}; ${pids} cannot be seen from here, and goes on if it still runs`
    case 'ended':
    case 'gone':
      return `${capital(claim)} is over: ${overBecause(reservation, pids)}`
    case null:
      return `Ends ${claim}`
  }
}

function overBecause({ type }: Reservation, pids: string): string {
  return type === 'manual' ? 'its time has come' : `${pids} is gone`
}

/** `PID 4711 (python train.py)`; without the command where the pid may by now, or in this namespace, be another's. */
function pidsOf(reservation: Reservation, isSeen: boolean): string {
  if (reservation.type === 'manual') return ''
  return reservation.processes
    .map(({ pid }) => {
      const line = isSeen ? wordsOf(pid).join(' ') : ''
      const shown = line.length > SHOWN_COMMAND_LENGTH ? `${line.slice(0, SHOWN_COMMAND_LENGTH)}…` : line
      return shown === '' ? `PID ${pid}` : `PID ${pid} (${shown})`
    })
    .join(', ')
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
