import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Host } from './host.ts'
import { until } from './until.ts'

/** What /proc tells of a process; null when it is gone. */
export function processAt(pid: number) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return {
      state: fields[0] ?? '',
      parent: Number(fields[1]),
      group: Number(fields[2]),
      session: Number(fields[3]),
      terminal: Number(fields[4]),
      args: strings(`/proc/${pid}/cmdline`),
      env: strings(`/proc/${pid}/environ`),
      cwd: readlinkSync(`/proc/${pid}/cwd`),
    }
  } catch {
    return null
  }
}

/** What each of a process's descriptors stands for: `/dev/null`, `pipe:[4711]`. */
export function descriptorsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).map(fd => readlinkSync(`/proc/${pid}/fd/${fd}`))
}

/** The keepers of a host's pool, by their command lines. */
export function keepersOf({ poolPath }: Host): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      const args = processAt(pid)?.args
      return args?.[1] === 'keeper' && args.includes(`store=sqlite:${poolPath}`)
    })
}

/** Waits for the keeper of the only run on a host. */
export async function keeperOf(host: Host): Promise<number> {
  await until(() => keepersOf(host).length === 1)
  return keepersOf(host)[0] ?? 0
}

/** Kills all keepers of a host, and waits until they are gone. */
export async function killKeepers(host: Host): Promise<void> {
  for (const pid of keepersOf(host)) process.kill(pid, 'SIGKILL')
  await until(() => keepersOf(host).length === 0)
}

function strings(path: string): string[] {
  return readFileSync(path, 'utf8').split('\0').slice(0, -1)
}
