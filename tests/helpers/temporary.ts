import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const untilTheEnd: Disposable[] = []

/** A new directory that every user may enter, as /var/lib/canhazgpu is one. Disposed of with all that is in it. */
export function temporaryDirectory(): { path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'canhazgpu-test-'))
  chmodSync(path, 0o755)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** One that all test files share; it is disposed of after the last of them, by clean-up.ts. @returns its path */
export function sharedDirectory(): string {
  const directory = temporaryDirectory()
  untilTheEnd.push(directory)
  return directory.path
}

export function removeSharedDirectories(): void {
  for (const directory of untilTheEnd.splice(0)) directory[Symbol.dispose]()
}
