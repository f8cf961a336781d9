/** What this process holds in memory. */

import { readText } from './files.ts'
import { bound } from './library.ts'

const c = bound({ madvise: { args: ['u64', 'u64', 'i32'], returns: 'i32' } })

const MADV_DONTNEED = 4

/**
 * Lets go of the program's own code in memory, as far as this process has it mapped: what is needed again comes back from the
 * file, which the kernel keeps once for all, as long as it has room.
 */
export function letGoOfCode(): void {
  const maps = readText('/proc/self/maps') ?? ''
  // Only what can be executed: that is never written to, so it is the same in the file.
  for (const [, from, to, path] of maps.matchAll(/^([\da-f]+)-([\da-f]+) r-xp (?:\S+ ){3} *(\/.*)$/gm))
    if (path === process.execPath)
      c().madvise(BigInt(`0x${from}`), BigInt(`0x${to}`) - BigInt(`0x${from}`), MADV_DONTNEED)
}
