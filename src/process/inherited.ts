import { readLink, readText } from '../system/libc/files.ts'
import {
  isCloseOnExec,
  keepOnExec,
  openDescriptors,
  openFileLimits,
  setOpenFileLimits,
} from '../system/libc/inheritance.ts'
import { resetSignal } from '../system/libc/processes.ts'

const SIGPIPE = 13
const SIGXFSZ = 25

/**
 * The descriptors that the caller handed down, for `restoreInherited`. To be asked before this program opens anything that
 * stays open; it answers the same ever after.
 *
 * The runtime marks descriptors from 4 on close-on-exec when it starts, and the caller's were not marked, or they would not
 * be here. Its own are the event loop's, which no file name stands for: an inherited eventfd or epoll cannot be told
 * from them and is not handed on.
 */
export function inheritedDescriptors(): readonly number[] {
  found ??= findInherited()
  return found
}

let found: readonly number[] | null = null

function findInherited(): number[] {
  const tableSize = Number(/^FDSize:\s*(\d+)/m.exec(readText('/proc/self/status') ?? '')?.[1])
  return openDescriptors(tableSize || 0).filter(
    fd => fd > 2 && isCloseOnExec(fd) && !readLink(`/proc/self/fd/${fd}`)?.startsWith('anon_inode:'),
  )
}

/** Undoes what the runtime has changed at its start, so that a program executed now finds the process as the caller made it. */
export function restoreInherited(descriptors: readonly number[]): void {
  // It ignores these two. Whether the caller did cannot be seen any more; almost nobody does.
  resetSignal(SIGPIPE)
  resetSignal(SIGXFSZ)
  for (const fd of descriptors) keepOnExec(fd)
  restoreOpenFileLimit()
}

/**
 * The runtime raises the soft limit on open files to the hard one, and forgets what it was. The parent's is what it was,
 * unless somebody changed it in between; if so, the hard limits differ in all likelihood, and then it stays as it is.
 */
function restoreOpenFileLimit(): void {
  const limits = readText(`/proc/${process.ppid}/limits`) ?? ''
  const [, soft, hard] = /^Max open files\s+(\d+)\s+(\d+)/m.exec(limits) ?? []
  const [ownSoft, ownHard] = openFileLimits()
  if (soft && hard && BigInt(hard) === ownHard && BigInt(soft) < ownSoft)
    setOpenFileLimits(BigInt(soft), ownHard)
}
