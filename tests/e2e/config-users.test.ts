import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, chownSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setting as settingIn, write } from '../helpers/config-files.ts'
import { canhazgpu, executable, outcome, start } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { canMount } from '../helpers/small-file-system.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

let host: Host
beforeAll(async () => {
  host = await Host.withPool(2)
})
afterAll(() => host[Symbol.dispose]())

/** What holds for one key of a user, and where it comes from. */
function setting(key: string, env: Record<string, string>, uid: number) {
  return settingIn(key, { env: { ...host.env, ...env }, uid })
}

describe.skipIf(!canMakeUsers || !canMount)('users', () => {
  const [alice, bob] = makeUsers('alice', 'bob')
  const homes = [alice, bob].map(({ name }) => `/home/${name}`)
  beforeAll(() => {
    for (const [at, user] of [alice, bob].entries()) {
      const home = homes[at] ?? ''
      write(join(home, '.config/canhazgpu/config.toml'), `note = "of ${at === 0 ? 'alice' : 'bob'}"`)
      for (const part of ['', '.config', '.config/canhazgpu', '.config/canhazgpu/config.toml'])
        chownSync(join(home, part), user.uid, user.uid)
      chmodSync(home, 0o700)
    }
  })
  afterAll(() => {
    for (const home of homes) rmSync(home, { recursive: true, force: true })
  })

  test('have a file each, in the home of the passwd database where there is no $HOME', async () => {
    for (const [at, { uid }] of [alice, bob].entries()) {
      const expected = {
        value: at === 0 ? 'of alice' : 'of bob',
        source: `${homes[at]}/.config/canhazgpu/config.toml`,
      }
      expect(await setting('note', { XDG_CONFIG_HOME: '' }, uid)).toEqual(expected)
      expect(await setting('note', { XDG_CONFIG_HOME: '', HOME: homes[at] ?? '' }, uid)).toEqual(expected)
    }
  })

  test('without a name or a home have none', async () => {
    expect(await setting('note', { XDG_CONFIG_HOME: '' }, 4999)).toEqual({ value: null, source: null })
  })

  test('are not stopped by a $HOME of somebody else, as sudo leaves it', async () => {
    expect(await setting('note', { XDG_CONFIG_HOME: '', HOME: homes[0] ?? '' }, bob.uid)).toEqual({
      value: null,
      source: null,
    })
  })

  test('are told of a file of their own that they may not read', async () => {
    using place = temporaryDirectory()
    const path = write(join(place.path, 'canhazgpu/config.toml'), 'wait = true')
    chmodSync(path, 0o600)
    const words = `Error: Cannot read the configuration ${path}: Permission denied.`
    expect(await setting('wait', { XDG_CONFIG_HOME: place.path }, alice.uid)).toBe(
      `${words} Ask its owner to make it readable, or to take it away\n`,
    )
    expect(await settingIn('wait', { env: host.env, uid: alice.uid }, '--config', path)).toBe(
      `${words} Check --config\n`,
    )
  })

  test('do not decide for others: when history is forgotten, and when idle reservations end', async () => {
    const decided = {
      CANHAZGPU_IDLE_RELEASE: '1s',
      CANHAZGPU_HISTORY_DAYS: '1',
      CANHAZGPU_EXPIRY_WARNING: '1h',
    }
    const nothing = { value: null, source: null }
    const ofAlice = (key: string, more = {}) => setting(key, { ...decided, ...more }, alice.uid)
    expect(await ofAlice('idle-release')).toEqual(nothing)
    expect(await ofAlice('history-days')).toEqual({ value: 400, source: null })
    expect(await ofAlice('expiry-warning')).toMatchObject({ value: '1h' })
    expect(await setting('history-days', decided, 0)).toMatchObject({ value: 1 })

    using place = temporaryDirectory()
    write(join(place.path, 'canhazgpu/config.toml'), 'idle-release = "1s"')
    const own = { XDG_CONFIG_HOME: place.path }
    const path = join(place.path, 'canhazgpu/config.toml')
    expect(await setting('idle-release', own, alice.uid)).toEqual(nothing)
    const { stderr } = await canhazgpu(['config'], { env: { ...host.env, ...own }, uid: alice.uid })
    expect(stderr).toBe(
      `Warning: idle-release in ${path} does not hold: it decides for everybody on the host. Ask an administrator to set it in /etc/canhazgpu/config.toml\n`,
    )

    // In a pool of one's own it is nobody else's business.
    chownSync(place.path, alice.uid, alice.uid)
    const ownPool = { CANHAZGPU_STORE: `sqlite:${place.path}/pool.db` }
    expect(await ofAlice('idle-release', ownPool)).toMatchObject({ value: '1s' })
  })

  test('share the file of the host, and each may decide otherwise', async () => {
    using place = temporaryDirectory()
    const etc = join(place.path, 'etc')
    write(
      join(etc, 'canhazgpu/config.toml'),
      'note = "of the host"\nmemory-threshold = 7\nidle-release = "1h"\n',
    )
    // The host's /etc is exchanged for these commands only.
    const script = `cp /etc/passwd /etc/group /etc/nsswitch.conf "$1" && mount --bind "$1" /etc && shift && exec setpriv --reuid "$@"`
    const as = async (uid: number, env: Record<string, string>, ...args: string[]) => {
      const command = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', etc]
      const own = [String(uid), '--clear-groups', executable(), 'config', ...args]
      const { stdout, stderr } = await outcome(start([...command, ...own], { env: { ...host.env, ...env } }))
      return (stderr + stdout)
        .split('\n')
        .filter(line => /^(Error|Warning|note|memory|idle)/.test(line))
        .map(line => line.replace(/ +#/, ' #'))
    }
    const file = '/etc/canhazgpu/config.toml'
    const hour = `idle-release = "1h" # ${file}`
    expect(await as(4999, {})).toEqual([
      `memory-threshold = 7 # ${file}`,
      `note = "of the host" # ${file}`,
      hour,
    ])
    expect(await as(alice.uid, { XDG_CONFIG_HOME: '', CANHAZGPU_IDLE_RELEASE: '1s' })).toEqual([
      expect.stringMatching(/^Warning: CANHAZGPU_IDLE_RELEASE does not hold/),
      `memory-threshold = 7 # ${file}`,
      `note = "of alice" # ${homes[0]}/.config/canhazgpu/config.toml`,
      hour,
    ])
    expect(await as(alice.uid, {}, '--memory-threshold', '8')).toContain(
      'memory-threshold = 8 # --memory-threshold',
    )
    // A path that only begins like the host's file is not the host's.
    const disguised = `/etc/canhazgpu/../..${write(join(place.path, 'own.toml'), 'idle-release = "1s"')}`
    expect(await as(alice.uid, {}, '--config', disguised)).toContain(hour)
    chmodSync(join(etc, 'canhazgpu/config.toml'), 0o600)
    expect((await as(alice.uid, {}))[0]).toStartWith(
      `Error: Cannot read the configuration ${file}: Permission denied.`,
    )
  })
})
