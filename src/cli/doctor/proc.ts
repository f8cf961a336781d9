import type { HostFacts } from './facts.ts'
import { type Finding, withAdvice } from './finding.ts'

/** Everybody can see whose process runs on a GPU, and whether the holder of a reservation is alive. */
export function checkProc({ proc: { mounts, self, pid } }: HostFacts): Finding {
  const check = '/proc'
  if (self !== String(pid)) {
    const found = 'it shows the processes of another pid namespace'
    return {
      level: 'problem',
      check,
      text: withAdvice(found, 'mount one of this namespace: here nobody can tell which holders are alive'),
    }
  }
  // What was mounted last lies on top.
  const options = [...mounts.matchAll(/^\S+ \/proc proc (\S+)/gm)].at(-1)?.[1] ?? ''
  const hidden = options.split(',').find(option => /^hidepid=(?!0$|off$)/.test(option))
  if (!hidden) return { level: 'ok', check, text: 'everybody can see all processes' }
  const advice =
    "whom a GPU is used by is 'unknown' to all but root: remount it with 'sudo mount -o remount,hidepid=0 /proc', and mend /etc/fstab"
  return { level: 'warning', check, text: withAdvice(`${hidden} hides the processes of others`, advice) }
}
