import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './measure.ts'

/** What every question is asked on: the built executable, a compiled hello world, an nvidia-smi of our own. */
export class Stage {
  readonly executable = join(import.meta.dir, '../dist/canhazgpu')
  readonly helloWorld: string
  readonly #directory = mkdtempSync(join(tmpdir(), 'canhazgpu-bench-'))
  readonly #nvidiaSmi: NvidiaSmi

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
  pool(gpus: number): Record<string, string> {
    const env = {
      PATH: `${this.#nvidiaSmi.directory}:${process.env.PATH}`,
      CANHAZGPU_STORE: `sqlite:${join(this.#directory, `pool-${crypto.randomUUID()}`, 'pool.db')}`,
    }
    this.#nvidiaSmi.idle(gpus)
    run([this.executable, 'admin', '--gpus', String(gpus)], env)
    return env
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

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
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
    writeFileSync(join(this.directory, 'nvidia-smi'), script, { mode: 0o755 })
  }
}
