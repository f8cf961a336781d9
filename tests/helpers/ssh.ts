import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FleetHost } from './fleet-host.ts'

const [SSH, SSHD] = ['/usr/bin/ssh', '/usr/sbin/sshd']

/** Whether the real ssh and its server are there. */
export const hasSsh = existsSync(SSH) && existsSync(SSHD) && process.getuid?.() === 0

/**
 * Puts the real ssh on a host's PATH, with a configuration by which the others are reached: a server of their own for each
 * connection, behind a pipe, so that nothing listens on this machine.
 */
export function realSsh(from: FleetHost, others: readonly FleetHost[]): void {
  const at = (name: string) => join(from.directory.path, name)
  mkdirSync('/run/sshd', { recursive: true })
  for (const key of ['host-key', 'user-key'])
    Bun.spawnSync(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', at(key)])
  const config = others.flatMap(({ name, env }) => {
    const variables = Object.entries(env).map(([key, value]) => `${key}="${value}"`)
    const server = [
      `HostKey ${at('host-key')}`,
      `AuthorizedKeysFile ${at('user-key.pub')}`,
      'PermitRootLogin prohibit-password',
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
      `SetEnv ${variables.join(' ')}`,
    ]
    writeFileSync(at(`sshd-${name}`), `${server.join('\n')}\n`)
    return [`Host ${name}`, `  ProxyCommand ${SSHD} -i -f ${at(`sshd-${name}`)}`]
  })
  const all = [
    'Host *',
    '  User root',
    `  IdentityFile ${at('user-key')}`,
    '  IdentitiesOnly yes',
    '  StrictHostKeyChecking no',
    `  UserKnownHostsFile ${at('known-hosts')}`,
    '  LogLevel ERROR',
  ]
  writeFileSync(at('ssh-config'), `${[...config, ...all].join('\n')}\n`)
  const ssh = join(from.nvidiaSmi.directory, 'ssh')
  writeFileSync(ssh, `#!/bin/sh\nexec ${SSH} -F ${at('ssh-config')} "$@"\n`)
  chmodSync(ssh, 0o755)
}
