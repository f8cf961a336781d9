import { delimiter, join } from 'node:path'
import { shellWord } from '../../src/cli/output/shell-word.ts'
import { openStore } from '../../src/store/open.ts'
import { canhazgpu, executable, type Outcome, outcome, type Surroundings, start } from './executable.ts'
import { type FakeGpu, FakeNvidiaSmi } from './fake-nvidia-smi.ts'
import { temporaryDirectory } from './temporary.ts'

/** The socket of a Redis server on which all pools are to be, for a run of tests on that store; see tests/e2e/on-redis.test.ts. */
const REDIS_SOCKET = process.env.CANHAZGPU_TEST_REDIS

/** Whether it is; then what only a file can do is not asked for. */
export const isOnRedis = Boolean(REDIS_SOCKET)

/** A host with GPUs of our own making: a store in a temporary directory, and an nvidia-smi that shows what a test wants. */
export class Host {
  readonly directory = temporaryDirectory()
  readonly poolPath = join(this.directory.path, 'pool', 'pool.db')
  readonly storeUrl: string
  readonly nvidiaSmi: FakeNvidiaSmi
  readonly env: Readonly<Record<string, string>>

  /** @param storeUrl a store that is there already */
  constructor(gpus: readonly FakeGpu[] | number = 0, storeUrl?: string) {
    this.storeUrl = storeUrl ?? (REDIS_SOCKET ? redisUrl(REDIS_SOCKET) : `sqlite:${this.poolPath}`)
    this.nvidiaSmi = new FakeNvidiaSmi(this.directory.path)
    if (typeof gpus === 'number') this.nvidiaSmi.idle(gpus)
    else this.nvidiaSmi.show(gpus)
    this.env = {
      PATH: [this.nvidiaSmi.directory, process.env.PATH].join(delimiter),
      CANHAZGPU_STORE: this.storeUrl,
      // Not the configuration of whoever runs the tests.
      XDG_CONFIG_HOME: join(this.directory.path, 'config'),
    }
  }

  /** The store as it is named in a hint. */
  get storeWord(): string {
    return shellWord(this.storeUrl)
  }

  /** A host whose pool is initialized with all of its GPUs. */
  static async withPool(gpus: readonly FakeGpu[] | number, storeUrl?: string): Promise<Host> {
    const host = new Host(gpus, storeUrl)
    const count = typeof gpus === 'number' ? gpus : gpus.length
    const { status, stderr } = await host.canhazgpu('admin', '--gpus', String(count))
    if (status !== 0) throw new Error(`admin failed: ${stderr}`)
    return host
  }

  canhazgpu(...args: string[]): Promise<Outcome> {
    return canhazgpu(args, { env: this.env })
  }

  canhazgpuAs(uid: number, ...args: string[]): Promise<Outcome> {
    return canhazgpu(args, { env: this.env, uid })
  }

  /** Starts canhazgpu and does not wait for it. */
  start(args: readonly string[], surroundings: Surroundings = {}) {
    return start([executable(), ...args], { ...surroundings, env: { ...this.env, ...surroundings.env } })
  }

  /** Runs a shell script in which `$C` is canhazgpu. */
  shell(script: string, surroundings: Surroundings = {}): Promise<Outcome> {
    const env = { ...this.env, ...surroundings.env, C: executable() }
    return outcome(start(['/bin/bash', '-c', script], { ...surroundings, env }))
  }

  /** The lines of `status`. */
  async status(): Promise<string[]> {
    return (await this.canhazgpu('status')).stdout.split('\n').slice(0, -1)
  }

  /** The ids of the reservations in the pool, null when there is none. */
  async reservationIds(): Promise<string[] | null> {
    const store = await openStore(this.storeUrl, 'read')
    const pool = await store.read().finally(() => store.close())
    return pool?.reservations.map(({ id }) => id).sort() ?? null
  }

  [Symbol.dispose](): void {
    this.directory[Symbol.dispose]()
  }
}

/** A pool on a server that nobody else has. */
function redisUrl(socket: string): string {
  return `redis+unix://${socket}?host=${crypto.randomUUID()}`
}
