import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canhazgpu, type Surroundings } from './executable.ts'

/** Writes a file with the directories above it. @returns its path */
export function write(path: string, content: string): string {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, content)
  return path
}

/** What `config` says of one key, and where that comes from; or what it says on stderr. */
export async function setting(key: string, surroundings: Surroundings, ...args: string[]) {
  const { status, stdout, stderr } = await canhazgpu(['config', '--json', ...args], surroundings)
  if (status !== 0) return stderr
  const { settings } = JSON.parse(stdout) as {
    settings: { key: string; value: unknown; source: string | null }[]
  }
  const { value, source } = settings.find(setting => setting.key === key) ?? {}
  return { value, source }
}
