import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { documentText } from '../helpers/documents.ts'
import { Host } from '../helpers/host.ts'
import { until } from '../helpers/until.ts'

const page = documentText('docs/fleet.md')
const blocks = [...page.matchAll(/^```(sh|conf)\n(.*?)^```$/gms)].map(([, kind, text = '']) => ({
  kind,
  text,
}))
const [certificate, include, onHosts, moving] = blocks
  .filter(({ kind }) => kind === 'sh')
  .map(({ text }) => text)
const configuration = blocks.find(({ kind }) => kind === 'conf')?.text ?? ''

const host = new Host(8)
const at = (name: string) => join(host.directory.path, name)
const servers: Bun.Subprocess[] = []
afterAll(async () => {
  for (const server of servers) {
    server.kill('SIGKILL')
    await server.exited
  }
  host[Symbol.dispose]()
})

const port = freePort()

/** What the page says, in a place of our own, on a port of our own, and by the name that this machine has for itself. */
function here(text: string): string {
  return text
    .replaceAll('/etc/', `${host.directory.path}/`)
    .replaceAll('/var/lib/canhazgpu/pool.db', host.poolPath)
    .replaceAll('gpu-store.lab', 'localhost')
    .replaceAll('6379', String(port))
    .replaceAll('PASSWORD', 'secret')
}

/** Runs commands of the page, but for those that would change this machine. */
async function follow(text = ''): Promise<string> {
  const set = `set -e; sudo() { "$@"; }; apt-get() { :; }; chown() { :; }; chgrp() { :; }; systemctl() { :; }; canhazgpu() { "$C" "$@"; }`
  const { status, stdout, stderr } = await host.shell(`${set}\n${here(text)}`, {
    cwd: at('redis'),
    env: { CANHAZGPU_STORE: '', CANHAZGPU_CONFIG: at('canhazgpu/config.toml') },
  })
  if (status !== 0) throw new Error(`${text}\n${stderr}`)
  return stdout
}

describe('docs/fleet.md', () => {
  test('sets up a server and a host by what it says', async () => {
    mkdirSync(at('redis'))
    mkdirSync(at('canhazgpu'))
    writeFileSync(at('canhazgpu/config.toml'), '')
    writeFileSync(at('redis/canhazgpu.conf'), here(configuration))
    writeFileSync(at('redis/redis.conf'), '')
    await follow(certificate)
    await follow(include)
    servers.push(
      Bun.spawn(['redis-server', at('redis/redis.conf'), '--dir', host.directory.path], {
        stdio: ['ignore', 'ignore', 'ignore'],
      }),
    )
    await until(async () => (await redisCli('PING')).includes('NOAUTH'))
    expect(await follow(onHosts)).toContain('Initialized 8 GPUs')
  })

  test('gives canhazgpu all that it needs there', async () => {
    for (const command of [
      'status',
      'run -- true',
      'reserve --gpus 2',
      'extend 1h',
      'status --all',
      'find --gpus 3',
      'queue --all',
    ])
      await follow(`canhazgpu ${command}`)
    expect(await follow('canhazgpu run --wait -- echo waited')).toBe('waited\n')
    for (const command of ['release', 'report --all', 'log --all', 'admin --drain 3', 'doctor || true'])
      await follow(`canhazgpu ${command}`)
    expect(await follow('canhazgpu run --gpus 7 --wait -- echo $$')).not.toBe('')
  })

  test('lets canhazgpu at its own keys only, and nobody else at anything', async () => {
    const gpu = ['--user', 'gpu', '--pass', 'secret', '--no-auth-warning']
    expect(await redisCli(...gpu, 'SET', 'other', '1')).toContain('NOPERM')
    expect(await redisCli(...gpu, 'CONFIG', 'GET', '*')).toContain('NOPERM')
    expect(await redisCli(...gpu, 'FLUSHALL')).toContain('NOPERM')
    expect(await redisCli(...gpu, 'SUBSCRIBE', 'other')).toContain('NOPERM')
    expect(await redisCli('GET', 'canhazgpu:fleet')).toContain('NOAUTH')
  })

  test('moves a pool there and back', async () => {
    const [there = '', back = ''] = (moving ?? '').trim().split('\n')
    expect(await follow(back)).toContain('to sqlite:')
    await follow('CANHAZGPU_CONFIG= canhazgpu --store sqlite:/var/lib/canhazgpu/pool.db status')
    const by = 'unset CANHAZGPU_CONFIG; canhazgpu --store sqlite:/var/lib/canhazgpu/pool.db'
    expect(await follow(there.replace('sudo canhazgpu', by))).toContain('Moved 8 GPUs')
    await follow('canhazgpu status')
  })
})

async function redisCli(...words: string[]): Promise<string> {
  const child = Bun.spawn(
    [
      'redis-cli',
      '--tls',
      '--cacert',
      at('redis/gpu-store.crt'),
      '-h',
      'localhost',
      '-p',
      String(port),
      ...words,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()])
  return stdout + stderr
}

function freePort(): number {
  const listening = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  listening.stop(true)
  return listening.port
}
