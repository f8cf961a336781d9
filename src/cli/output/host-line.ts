import { DAY_MS, formatDuration, HOUR_MS, MINUTE_MS } from '../../core/duration.ts'
import type { HostView } from '../../core/host-view.ts'
import { type ColouredLine, colouredLine } from './colour.ts'
import { summaryLine } from './summary-line.ts'

/** `HOST gpu-01: 3/8 free, 4 reserved, 2 waiting`, with a mark on one that has given no sign for long. */
export function hostLine({ host, summary, isSilent, lastSignAgoMs }: HostView, after = ''): ColouredLine {
  const text = summaryLine(summary) + after
  if (isSilent)
    return colouredLine(`HOST ${host}: `, `NO SIGN for ${formatDuration(lastSignAgoMs)}`, `, ${text}`, 'red')
  const free = text.split(',', 1)[0] ?? ''
  return colouredLine(`HOST ${host}: `, free, text.slice(free.length), summary.free > 0 ? 'green' : 'yellow')
}

/** How old the last answer of a host's GPU tool is, behind the word `validated`: ` 12s ago`. */
export function ageNote({ probedAgoMs }: HostView): string {
  return probedAgoMs === null ? '' : ` ${age(probedAgoMs)} ago`
}

const UNITS = [
  ['d', DAY_MS],
  ['h', HOUR_MS],
  ['m', MINUTE_MS],
  ['s', 1000],
] as const

/** A duration in its largest unit, begun ones not counted: `12s`, `3m`, `2h`, `5d`. */
export function age(ms: number): string {
  const [unit, length] = UNITS.find(([, length]) => ms >= length) ?? ['s', 1000]
  return `${Math.max(0, Math.floor(ms / length))}${unit}`
}
