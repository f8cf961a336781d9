import { chmodSync, copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { sharedDirectory } from './temporary.ts'

/** What a finished process has left. */
export interface Outcome {
  /** null when it died by a signal. */
  readonly status: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface Surroundings {
  /** Instead of this process's environment, but for PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly uid?: number
}

let installed: string | null = null

/** The built executable, at a place that every user can reach. */
export function executable(): string {
  if (installed) return installed
  const built = join(import.meta.dir, '../../dist/canhazgpu')
  if (!existsSync(built)) throw new Error(`${built} is missing: run 'npm run build' first`)
  const path = join(sharedDirectory(), 'canhazgpu')
  copyFileSync(built, path)
  chmodSync(path, 0o755)
  installed = path
  return path
}

/** Starts a process, any process, with pipes. */
export function start(command: readonly string[], { env = {}, cwd = '/', uid }: Surroundings = {}) {
  return Bun.spawn([...command], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
}

/** Waits for a process that `start` has started. */
export async function outcome(child: ReturnType<typeof start>): Promise<Outcome> {
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()])
  await child.exited
  return {
    status: child.exitCode,
    signal: child.signalCode === null ? null : String(child.signalCode),
    stdout,
    stderr,
  }
}

/** Runs canhazgpu to its end. */
export async function canhazgpu(args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
  return outcome(start([executable(), ...args], surroundings))
}
