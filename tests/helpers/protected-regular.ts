import { afterAll, beforeAll } from 'bun:test'
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs'

const SETTING = '/proc/sys/fs/protected_regular'

/** Whether this test run may set kernel parameters; a container's root may not. */
export const canSetKernelParameters = (() => {
  try {
    accessSync(SETTING, constants.W_OK)
    return process.getuid?.() === 0
  } catch {
    return false
  }
})()

/** Debian's default for the tests of a file: nobody opens another's file with O_CREAT in a directory that all may write to. */
export function protectRegularFiles(): void {
  const before = existsSync(SETTING) ? readFileSync(SETTING) : null
  beforeAll(() => writeFileSync(SETTING, '2'))
  afterAll(() => {
    if (before) writeFileSync(SETTING, before)
  })
}
