import { afterAll } from 'bun:test'

const started: Bun.Subprocess[] = []
afterAll(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

/** Starts a process that does nothing, to be seen on a GPU; it is ended after the tests of the file. @returns its pid */
export function idleProcess({ uid }: { readonly uid?: number } = {}): number {
  const child = Bun.spawn(['sleep', '600'], {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  started.push(child)
  return child.pid
}

/** The pid of a process that has ended and was waited for, so that nothing has it. */
export async function endedProcess(): Promise<number> {
  const child = Bun.spawn(['true'])
  await child.exited
  return child.pid
}
