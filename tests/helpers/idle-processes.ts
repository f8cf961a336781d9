import { afterAll } from 'bun:test'

/**
 * Starts processes that do nothing, to be seen on a GPU, for the tests of one file: they are ended after them.
 *
 * @returns what starts one, as some user, and gives its pid
 */
export function idleProcesses(): (as?: { readonly uid: number }) => number {
  const started: Bun.Subprocess[] = []
  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL')
    await Promise.all(started.map(child => child.exited))
  })
  return as => {
    const child = Bun.spawn(['sleep', '600'], {
      cwd: '/',
      stdio: ['ignore', 'ignore', 'ignore'],
      ...(as === undefined ? {} : { uid: as.uid, gid: as.uid }),
    })
    started.push(child)
    return child.pid
  }
}

/** The pid of a process that has ended and was waited for, so that nothing has it. */
export async function endedProcess(): Promise<number> {
  const child = Bun.spawn(['true'])
  await child.exited
  return child.pid
}
