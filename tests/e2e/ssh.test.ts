import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { executable } from '../helpers/executable.ts'
import { FleetHost } from '../helpers/fleet-host.ts'
import { Pty } from '../helpers/pty.ts'
import { RedisServer } from '../helpers/redis-server.ts'
import { hasSsh, realSsh } from '../helpers/ssh.ts'
import { until } from '../helpers/until.ts'

const server = await RedisServer.start()
afterAll(() => server[Symbol.asyncDispose]())
afterEach(() => server.cli('FLUSHALL'))

/** Two hosts, the first of which reaches the second by the real ssh. */
async function twoHosts() {
  const [a, b] = [await FleetHost.join(server, 'a', 1), await FleetHost.join(server, 'b', 2)]
  realSsh(a, [b])
  return {
    a,
    b,
    [Symbol.dispose]() {
      a[Symbol.dispose]()
      b[Symbol.dispose]()
    },
  }
}

describe.skipIf(!hasSsh)('run --on, by the real ssh', () => {
  test('takes words, input and exit status there and back', async () => {
    using hosts = await twoHosts()
    const script = `"$C" run --on b -g2 -- bash -c 'printf "%s|" "$CUDA_VISIBLE_DEVICES" "$@"; cat; exit 7' x $'\\'"\\\\ \\n!$HOME' '' <<<in`
    const { status, stdout, stderr } = await hosts.a.shell(script)
    expect([status, stderr]).toEqual([7, 'Running on b\nReserved 2 GPU(s): [0, 1]\n'])
    expect(stdout).toBe('0,1|\'"\\ \n!$HOME||in\n')
  })

  test('gives the command a terminal where there is one, and ends it by Ctrl-C', async () => {
    using hosts = await twoHosts()
    const job = 'tty >/dev/null && echo ready with $CUDA_VISIBLE_DEVICES; exec sleep 600'
    using pty = new Pty([executable(), 'run', '--on', 'b', '--', 'sh', '-c', job], hosts.a.env)
    await pty.shows(/ready with 0/)
    pty.type('\x03')
    // What ssh makes of a death by a signal.
    expect(await pty.end()).toEqual({ status: 255, signal: null })
    await until(async () => (await hosts.b.status())[0]?.startsWith('GPU 0: AVAILABLE') ?? false)
  })

  test('ends the command over there when the window is closed', async () => {
    using hosts = await twoHosts()
    const pty = new Pty(
      [executable(), 'run', '--on', 'b', '--', 'sh', '-c', 'echo ready; exec sleep 600'],
      hosts.a.env,
    )
    await pty.shows(/ready/)
    pty[Symbol.dispose]()
    await until(async () => (await hosts.b.status())[0]?.startsWith('GPU 0: AVAILABLE') ?? false)
  })

  test('keeps what it prints apart from what is for people where the output is a pipe', async () => {
    using hosts = await twoHosts()
    using pty = new Pty(
      ['sh', '-c', `${executable()} run --on b -- printf 'a\\nb' | od -An -c; echo end`],
      hosts.a.env,
    )
    await pty.shows(/end/)
    expect(pty.text).toMatch(/ a {2}\\n {3}b\n/)
  })
})
