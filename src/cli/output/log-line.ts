import { gpuList } from '../../core/gpu-list.ts'
import type { EventKind, LogEvent } from '../../core/history.ts'
import { displayName } from '../../core/pool.ts'
import { localClock } from './local-clock.ts'

/** As long as the longest word for what happens. */
const KIND_WIDTH = 12

/** Words that say better what has happened than the name of the kind. */
const WORDS: Partial<Record<EventKind, string>> = { left: 'left line', 'idle-warning': 'warned' }

/** `2026-11-24 18:30:00 reserved     alice: GPU(s) [0, 1] - ablation`; of several hosts with the host behind the time. */
export function eventLine(event: LogEvent, host?: string): string {
  const { at, kind, gpus, by, note } = event
  const details = [
    gpus.length > 0 ? `GPU(s) ${gpuList(gpus)}` : '',
    by === null ? '' : `by ${by.userName}`,
  ].filter(Boolean)
  const text = [details.join(' '), note ?? ''].filter(Boolean).join(' - ')
  const where = host === undefined ? '' : `${host} `
  return `${localClock(at)} ${where}${(WORDS[kind] ?? kind).padEnd(KIND_WIDTH)} ${displayName(event)}${text && `: ${text}`}`
}
