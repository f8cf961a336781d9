import { readText } from '../system/libc/files.ts'

/** What /proc/PID/stat says of a process, as far as it matters here; proc_pid_stat(5). */
export interface ProcessStat {
  /** One letter: `R`, `S`, `Z` (zombie), … */
  readonly state: string
  readonly isKernelThread: boolean
  readonly threadCount: number
  readonly startTicks: number
}

/** PF_KTHREAD of linux/sched.h. */
const KERNEL_THREAD = 0x20_0000

/** Reads a line of /proc/PID/stat. The command name in it may hold anything, so the fields count from its last `)`. */
export function parseStat(stat: string): ProcessStat | null {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(' ')
  // The first of these is field 3, `state`.
  const [state, flags, threadCount, startTicks] = [
    fields[0],
    Number(fields[6]),
    Number(fields[17]),
    Number(fields[19]),
  ]
  if (!state || ![flags, threadCount, startTicks].every(Number.isInteger)) return null
  return { state, isKernelThread: (flags & KERNEL_THREAD) !== 0, threadCount, startTicks }
}

/** What it says now; null when there is no such process, or it cannot be seen. */
export function statOf(pid: number | 'self'): ProcessStat | null {
  const stat = readText(`/proc/${pid}/stat`)
  return stat === null ? null : parseStat(stat)
}
