import { readdirSync } from 'node:fs'

/** The pids of all processes that /proc shows. */
export function allPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}
