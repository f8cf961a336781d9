import { readdirSync, readFileSync } from 'node:fs'
import { shownStoreUrl } from '../../src/store/open.ts'
import { sleepsInPoll, stateOf } from './child-process.ts'
import type { Host } from './host.ts'
import { until } from './until.ts'

/** A command that `run` has become, and its keeper at its post. Disposed of by SIGKILL, and so is the keeper. */
export class Running {
  private constructor(
    private readonly host: Host,
    private readonly child: ReturnType<Host['start']>,
    readonly keeper: number,
  ) {}

  static async start(
    host: Host,
    { gpus = 1, command = ['sleep', '600'], uid }: { gpus?: number; command?: string[]; uid?: number } = {},
  ): Promise<Running> {
    const args = ['run', '--gpus', String(gpus), '--', ...command]
    const child = host.start(args, uid === undefined ? {} : { uid })
    const keeper = await keeperAtWork(host, child.pid)
    await until(() => commandLine(child.pid)[0] === command[0])
    return new Running(host, child, keeper)
  }

  get pid(): number {
    return this.child.pid
  }

  /** Sends a signal and waits until the kernel says that the state is this letter. */
  async signal(signal: NodeJS.Signals, state: string): Promise<void> {
    this.child.kill(signal)
    await until(() => stateOf(this.pid) === state)
  }

  /** Kills the command and waits until nothing is left of it. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.child.exited
  }

  /** Kills the keeper and waits until it runs no more; whoever is its parent now may let it be a zombie for a while. */
  async killKeeper(): Promise<void> {
    process.kill(this.keeper, 'SIGKILL')
    await until(() => ['', 'Z'].includes(stateOf(this.keeper)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    if (keepersOf(this.host, this.pid).includes(this.keeper)) await this.killKeeper()
  }
}

/** Waits for the keeper of a process, until it sleeps. */
async function keeperAtWork(host: Host, pid: number): Promise<number> {
  await until(() => keepersOf(host, pid).some(sleepsInPoll))
  return keepersOf(host, pid)[0] ?? 0
}

/** The keepers of a host's pool, or of one process in it, by their command lines. */
export function keepersOf({ storeUrl }: Pick<Host, 'storeUrl'>, pid?: number): number[] {
  // On their command lines there is no password.
  const shown = shownStoreUrl(storeUrl)
  return keepersOfStores(url => url === shown).filter(
    keeper => pid === undefined || commandLine(keeper).includes(`pid=${pid}`),
  )
}

/** The keepers of all pools in some stores. */
export function keepersOfStores(isMeant: (storeUrl: string) => boolean): number[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
    .filter(pid => {
      const words = commandLine(pid)
      const store = words.find(word => word.startsWith('store='))
      return words[1] === 'keeper' && store !== undefined && isMeant(store.slice('store='.length))
    })
}

/** Kills all keepers of a host, and waits until they are gone. */
export async function killKeepers(host: Host): Promise<void> {
  await until(() => {
    // Once more each time: one may have been on its way to its post.
    for (const pid of keepersOf(host)) process.kill(pid, 'SIGKILL')
    return keepersOf(host).length === 0
  })
}

/** The words of a process's command line; none when it is gone or a zombie. */
export function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  } catch {
    return []
  }
}

/** Whether no GPU of a host is reserved. */
export async function isFree(host: Host): Promise<boolean> {
  return (await host.status()).every(line => / AVAILABLE/.test(line))
}
