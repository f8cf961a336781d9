/** Starting processes: the one module that touches the runtime's spawn. */

import { close, openMemoryFile, readMemoryFile } from './libc/files.ts'

/** How a tool's run ended. */
export type ToolRun =
  | { readonly kind: 'exited'; readonly status: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'not-started'; readonly reason: string }
  | { readonly kind: 'timed-out' }

/**
 * Runs a tool from PATH to its end, or to the deadline.
 *
 * Its output goes to files in memory: they take any length, cost less at start than the runtime's streams, and a
 * grandchild that keeps them open keeps nobody waiting. A process in uninterruptible sleep (a hung driver) survives
 * SIGKILL, so after the deadline it is not waited for either.
 *
 * @param abandoned kills the tool when nobody wants its answer any more
 */
export async function runTool(
  command: readonly string[],
  timeoutMs: number,
  abandoned: AbortSignal,
): Promise<ToolRun> {
  const [stdout, stderr] = [openMemoryFile('stdout'), openMemoryFile('stderr')]
  try {
    const child = Bun.spawn([...command], {
      stdin: 'ignore',
      stdout,
      stderr,
      signal: abandoned,
      killSignal: 'SIGKILL',
    })
    const { promise: deadline, resolve } = Promise.withResolvers<'deadline'>()
    const timer = setTimeout(resolve, timeoutMs, 'deadline')
    const outcome = await Promise.race([child.exited, deadline])
    clearTimeout(timer)
    if (outcome === 'deadline') {
      child.kill('SIGKILL')
      child.unref()
      return { kind: 'timed-out' }
    }
    if (child.signalCode) return { kind: 'killed', signal: String(child.signalCode) }
    const [out, err] = [stdout, stderr].map(fd => readMemoryFile(fd))
    return { kind: 'exited', status: outcome, stdout: out ?? '', stderr: err ?? '' }
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return code === 'ENOENT' ? { kind: 'not-found' } : { kind: 'not-started', reason: message }
  } finally {
    close(stdout)
    close(stderr)
  }
}

/**
 * Starts a program that lives on by itself: in a session of its own, without a terminal, holding none of our descriptors,
 * standing in `/`, and nobody's child. Its environment tells where tools are and what time it is, and what it is given.
 *
 * The last is why a shell stands in between: the caller is about to become another program, which would find a child
 * that it has never started when it waits for its own.
 */
export function startDetached(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): void {
  Bun.spawnSync(['/bin/sh', '-c', '"$@" 3>&- &', 'sh', ...command], {
    stdio: ['ignore', 'ignore', 'ignore'],
    cwd: '/',
    env: {
      ...Object.fromEntries(
        HANDED_ON.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
      ),
      ...environment,
    },
    detached: true,
  })
}

/** What a detached program needs to know: `nvidia-smi` is looked for on PATH, and the local clock is TZ's. */
const HANDED_ON = ['PATH', 'TZ']

/** Whether a tool can be found on PATH. */
export function isOnPath(tool: string): boolean {
  return Bun.which(tool) !== null
}

/** Waits, without keeping anything else from going on, until nobody holds the other end of a pipe any more. */
export async function allClosed(readEnd: number): Promise<void> {
  await Bun.file(readEnd).text()
}
