import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { executable } from './executable.ts'
import type { FakeGpu } from './fake-nvidia-smi.ts'
import { Host } from './host.ts'

/** What hosts share. */
interface Shared {
  /** Its URL, without a host. */
  readonly base: string
}

/** One of several hosts of our own making that share a server. They are all on this machine, and differ by name and GPUs. */
export class FleetHost extends Host {
  override readonly env: Readonly<Record<string, string>>
  private readonly sshLog = join(this.directory.path, 'ssh.log')

  constructor(
    server: Shared,
    readonly name: string,
    gpus: readonly FakeGpu[] | number,
  ) {
    super(gpus)
    this.env = {
      PATH: [this.nvidiaSmi.directory, dirname(executable()), process.env.PATH].join(delimiter),
      CANHAZGPU_STORE: server.base,
      CANHAZGPU_HOST: name,
      XDG_CONFIG_HOME: join(this.directory.path, 'config'),
    }
  }

  /** One that has its pool. */
  static async join(server: Shared, name: string, gpus: readonly FakeGpu[] | number): Promise<FleetHost> {
    const host = new FleetHost(server, name, gpus)
    const count = typeof gpus === 'number' ? gpus : gpus.length
    const { status, stderr } = await host.canhazgpu('admin', '--gpus', String(count))
    if (status !== 0) throw new Error(`admin failed: ${stderr}`)
    return host
  }

  /**
   * Puts an ssh on this host's PATH that does to its words what ssh and sshd do: joins them with spaces, and gives them to the
   * user's shell over there, in an environment of its own.
   */
  sshTo(others: readonly FleetHost[], shell = '/bin/sh'): void {
    const cases = others.map(({ name, env }) => {
      const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`)
      return `${name}) exec env -i ${variables.join(' ')} ${shell} -c "$*" ;;`
    })
    const script = [
      '#!/bin/bash',
      `printf '%q ' "$@" >>${this.sshLog}; echo >>${this.sshLog}`,
      '[[ $1 == -t ]] && shift',
      'host=$1; shift',
      `case $host in ${cases.join('\n')} esac`,
      'echo "ssh: Could not resolve hostname $host" >&2; exit 255',
    ]
    const path = join(this.nvidiaSmi.directory, 'ssh')
    writeFileSync(path, `${script.join('\n')}\n`)
    chmodSync(path, 0o755)
  }

  /** How ssh was called, a line for each time. */
  get sshCalls(): string[] {
    return existsSync(this.sshLog) ? readFileSync(this.sshLog, 'utf8').trimEnd().split('\n') : []
  }
}
