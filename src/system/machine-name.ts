import { readFile } from './libc.ts'

/** What this machine calls itself. */
export function machineName(): string {
  return readFile('/proc/sys/kernel/hostname')?.toString().trim() || 'localhost'
}
