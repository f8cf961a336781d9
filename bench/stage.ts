import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './measure.ts'

export type StoreKind = 'SQLite' | 'Redis'

/** What every question is asked on: the built executable, a compiled hello world, an nvidia-smi of our own. */
export class Stage {
  readonly executable = join(import.meta.dir, '../dist/canhazgpu')
  readonly helloWorld: string
  readonly #directory = mkdtempSync(join(tmpdir(), 'canhazgpu-bench-'))
  readonly #nvidiaSmi: NvidiaSmi
  #redis: Bun.Subprocess | null = null
  #databases = 0

  constructor() {
    this.#nvidiaSmi = new NvidiaSmi(join(this.#directory, 'bin'))
    this.helloWorld = join(this.#directory, 'hello')
    const source = join(this.#directory, 'hello.ts')
    writeFileSync(source, "console.log('hello world')\n")
    const flags = [
      '--compile',
      '--minify',
      '--bytecode',
      '--no-compile-autoload-dotenv',
      '--no-compile-autoload-bunfig',
    ]
    run([process.execPath, 'build', source, ...flags, '--outfile', this.helloWorld])
  }

  /** A new pool of idle GPUs. @returns the environment that chooses it */
  pool(gpus: number, store: StoreKind = 'SQLite'): Record<string, string> {
    const env = {
      PATH: `${this.#nvidiaSmi.directory}:${process.env.PATH}`,
      CANHAZGPU_STORE: this.#newStore(store),
    }
    this.#nvidiaSmi.idle(gpus)
    run([this.executable, 'admin', '--gpus', String(gpus)], env)
    return env
  }

  /** A server's database that nobody else uses. @returns the URL of a host's pool in it */
  database(): (host: string) => string {
    const number = ++this.#databases
    return host => `${this.#server()}?host=${host}&db=${number}`
  }

  /** Lets nvidia-smi take so long for an answer. */
  nvidiaSmiTakes(ms: number): void {
    this.#nvidiaSmi.takes(ms)
  }

  /** One call of nvidia-smi, as canhazgpu makes two at once. */
  callNvidiaSmi(): void {
    run([join(this.#nvidiaSmi.directory, 'nvidia-smi'), '--query-gpu=index,uuid,memory.used'])
  }

  canhazgpu(env: Record<string, string>, ...args: string[]): void {
    run([this.executable, ...args], env)
  }

  /** What a command prints. */
  output(env: Record<string, string>, ...args: string[]): string {
    return Bun.spawnSync([this.executable, ...args], { env }).stdout.toString()
  }

  #newStore(store: StoreKind): string {
    const name = `pool-${crypto.randomUUID()}`
    if (store === 'SQLite') return `sqlite:${join(this.#directory, name, 'pool.db')}`
    return `${this.#server()}?host=${name}`
  }

  #server(): string {
    const socket = join(this.#directory, 'redis.sock')
    this.#redis ??= startRedis(this.#directory, socket)
    return `redis+unix://${socket}`
  }

  [Symbol.dispose](): void {
    this.#redis?.kill('SIGKILL')
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** A server on this machine that writes down every change, as one that people rely on does. */
function startRedis(directory: string, socket: string): Bun.Subprocess {
  const options = ['--port', '0', '--unixsocket', socket, '--dir', directory, '--appendonly', 'yes']
  const server = Bun.spawn(['redis-server', ...options], { stdio: ['ignore', 'ignore', 'ignore'] })
  while (Bun.spawnSync(['redis-cli', '-s', socket, 'PING']).stdout.toString() !== 'PONG\n') Bun.sleepSync(10)
  return server
}

/** Shows idle GPUs at the price of one `sh`, so that a bench measures canhazgpu and not the tool. */
class NvidiaSmi {
  #gpus = 0
  #ms = 0

  constructor(readonly directory: string) {
    mkdirSync(directory)
  }

  idle(gpus: number): void {
    this.#gpus = gpus
    this.#write()
  }

  takes(ms: number): void {
    this.#ms = ms
    this.#write()
  }

  #write(): void {
    const rows = Array.from({ length: this.#gpus }, (_, index) => `${index}, GPU-${index}, 0\n`).join('')
    const delay = this.#ms > 0 ? `sleep ${this.#ms / 1000}\n` : ''
    const script = `#!/bin/sh\n${delay}case "$1" in --query-gpu=*) printf '${rows}' ;; esac\n`
    const path = join(this.directory, 'nvidia-smi')
    // In one step: somebody whom a command has sent may be starting it at this moment.
    writeFileSync(`${path}-new`, script, { mode: 0o755 })
    renameSync(`${path}-new`, path)
  }
}
