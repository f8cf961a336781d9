import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, chownSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setting as settingIn, write } from '../helpers/config-files.ts'
import { executable, outcome, start } from '../helpers/executable.ts'
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

  test('share the file of the host, and each may decide otherwise', async () => {
    using place = temporaryDirectory()
    const etc = join(place.path, 'etc')
    write(join(etc, 'canhazgpu/config.toml'), 'note = "of the host"\nmemory-threshold = 7\n')
    // The host's /etc is exchanged for these commands only.
    const script = `cp /etc/passwd /etc/group /etc/nsswitch.conf "$1" && mount --bind "$1" /etc && shift && exec setpriv --reuid "$@"`
    const as = async (uid: number, env: Record<string, string>, ...args: string[]) => {
      const command = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', etc]
      const own = [String(uid), '--clear-groups', executable(), 'config', ...args]
      const { stdout, stderr } = await outcome(start([...command, ...own], { env: { ...host.env, ...env } }))
      return (
        stderr +
        stdout
          .split('\n')
          .filter(line => /^(note|memory)/.test(line))
          .join('\n')
          .replace(/ +#/g, ' #')
      )
    }
    const threshold = (from: string) => `memory-threshold = 7 # ${from}\n`
    const file = '/etc/canhazgpu/config.toml'
    expect(await as(4999, {})).toBe(`${threshold(file)}note = "of the host" # ${file}`)
    expect(await as(alice.uid, { XDG_CONFIG_HOME: '' })).toBe(
      `${threshold(file)}note = "of alice" # ${homes[0]}/.config/canhazgpu/config.toml`,
    )
    expect(await as(alice.uid, { XDG_CONFIG_HOME: '' }, '--memory-threshold', '8')).toStartWith(
      'memory-threshold = 8 # --memory-threshold\n',
    )
    chmodSync(join(etc, 'canhazgpu/config.toml'), 0o600)
    expect(await as(alice.uid, {})).toStartWith(
      `Error: Cannot read the configuration ${file}: Permission denied.`,
    )
  })
})
