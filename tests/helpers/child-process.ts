import { readFileSync, readlinkSync } from 'node:fs'
import type { ProcessIdentity } from '../../src/core/pool.ts'
import { until } from './until.ts'

/** A real process to look at. Disposed of by SIGKILL, also when it is stopped. */
export class ChildProcess {
  private readonly process: Bun.Subprocess<'ignore', 'pipe', 'inherit'>

  constructor(command: readonly string[], { uid, env }: { uid?: number; env?: Record<string, string> } = {}) {
    this.process = Bun.spawn([...command], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: '/',
      ...(env === undefined ? {} : { env }),
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
  }

  get pid(): number {
    return this.process.pid
  }

  /** The first thing that it prints. */
  async firstLine(): Promise<string> {
    let text = ''
    for await (const chunk of this.process.stdout) {
      text += new TextDecoder().decode(chunk)
      if (text.includes('\n')) break
    }
    return text.split('\n')[0] ?? ''
  }

  /** Sends a signal and waits until the kernel says that its state is this letter. */
  async signal(signal: NodeJS.Signals, state: string): Promise<void> {
    this.process.kill(signal)
    await until(() => stateOf(this.pid) === state)
  }

  /** Kills it, and waits until nothing is left of it. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL')
    await this.process.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}

/** The identity of any living process here, as the kernel's fields have it counted from the end, where no name disturbs. */
export function identityOf(pid: number): ProcessIdentity {
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    pidNamespace: readlinkSync(`/proc/${pid}/ns/pid`),
    pid,
    startTicks: Number(fieldsOf(pid).at(22 - 53)),
  }
}

/** `R`, `S`, `T`, `Z`, …; nothing for a process that is not there. */
export function stateOf(pid: number): string {
  try {
    return fieldsOf(pid).at(3 - 53) ?? ''
  } catch (error) {
    // It may be waited for at any moment, even while its file is read.
    if (['ENOENT', 'ESRCH'].includes(String((error as { code?: string }).code))) return ''
    throw error
  }
}

/** Whether a process sleeps in poll(2), which a keeper does until its process ends. */
export function sleepsInPoll(pid: number): boolean {
  // The number of the system call; on arm64 the C library uses ppoll.
  const poll = process.arch === 'arm64' ? '73 ' : '7 '
  return stateOf(pid) === 'S' && readFileSync(`/proc/${pid}/syscall`, 'latin1').startsWith(poll)
}

/** The 52 fields of /proc/PID/stat, and more in front of them where the name holds spaces. */
function fieldsOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, 'latin1').trim().split(' ')
}
