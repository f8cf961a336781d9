import { describe, expect, test } from 'bun:test'
import { canhazgpu, executable, outcome, start } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

/** A uid that nobody has. */
const NAMELESS = 4999

describe.skipIf(!canMakeUsers)('the user', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  /** The holder of GPU 0 after somebody has reserved it. */
  async function holderOf(host: Host): Promise<string> {
    const [line = ''] = await host.status()
    return /^GPU 0: IN USE by (.*?) for /.exec(line)?.[1] ?? line
  }

  test.each([
    ['true', { USER: 'root', LOGNAME: 'root', HOME: '/root' }],
    ["somebody else's", { USER: bob.name, LOGNAME: bob.name, USERNAME: bob.name, SUDO_USER: bob.name }],
    ['nonsense', { USER: '', LOGNAME: '\x1b[31m', HOME: '/nonexistent', SUDO_UID: 'x' }],
    ['missing', {}],
  ])('is the uid of the process when the variables are %s', async (_name, variables) => {
    using host = await Host.withPool(1)
    const env = { ...host.env, ...variables }
    expect(await canhazgpu(['reserve'], { env, uid: alice.uid })).toMatchObject({ status: 0, stderr: '' })
    expect(await holderOf(host)).toBe(alice.name)
    // Bob may call himself what he likes.
    const asAlice = { ...host.env, USER: alice.name, LOGNAME: alice.name, HOME: `/home/${alice.name}` }
    expect((await canhazgpu(['release'], { env: asAlice, uid: bob.uid })).stdout).toBe(
      'No manually reserved GPUs found for current user\n',
    )
    expect((await canhazgpu(['release'], { env, uid: alice.uid })).stdout).toBe('Released 1 GPU(s): [0]\n')
  })

  test('may have an environment that is empty', async () => {
    using host = await Host.withPool(1)
    await host.canhazgpu('admin', '--gpus', '1', '--provider', 'fake', '--force')
    const command = ['env', '-i', executable(), '--store', host.storeUrl]
    expect((await outcome(start([...command, 'reserve'], { uid: alice.uid }))).status).toBe(0)
    expect(await holderOf(host)).toBe(alice.name)
    expect((await outcome(start([...command, 'release'], { uid: alice.uid }))).status).toBe(0)
  })

  test('without a name is shown as its uid', async () => {
    using host = await Host.withPool(1)
    expect((await host.canhazgpuAs(NAMELESS, 'reserve')).status).toBe(0)
    expect(await holderOf(host)).toBe(`uid ${NAMELESS}`)
    expect((await host.canhazgpuAs(NAMELESS, 'status')).stdout).toStartWith(
      `GPU 0: IN USE by uid ${NAMELESS} `,
    )
    expect((await host.canhazgpuAs(NAMELESS + 1, 'release')).stdout).toStartWith('No manually reserved GPUs')
    expect((await host.canhazgpuAs(NAMELESS, 'release')).stdout).toBe('Released 1 GPU(s): [0]\n')
  })

  test.each([
    ['the effective one is root', () => ['setpriv', `--ruid=${alice.uid}`]],
    ['it came by setpriv', () => ['setpriv', `--reuid=${alice.uid}`, '--clear-groups']],
  ])('is the real uid when %s', async (_name, wrapper) => {
    using host = await Host.withPool(1)
    const command = [...wrapper(), executable(), 'reserve']
    expect(await outcome(start(command, { env: host.env }))).toMatchObject({ status: 0, stderr: '' })
    expect(await holderOf(host)).toBe(alice.name)
  })

  test('still owns a reservation after being renamed', async () => {
    using host = await Host.withPool(1)
    await host.canhazgpuAs(bob.uid, 'reserve')
    const renamed = `${bob.name}-2`
    const rename = (from: string, to: string) =>
      host.shell(`usermod --login ${to} ${from}`).then(({ status }) => status)
    // Not while a process of theirs is about to end.
    await until(async () => (await rename(bob.name, renamed)) === 0)
    try {
      expect((await host.canhazgpuAs(bob.uid, 'release')).stdout).toBe('Released 1 GPU(s): [0]\n')
    } finally {
      await until(async () => (await rename(renamed, bob.name)) === 0)
    }
  })
})
