import { describe, expect, test } from 'bun:test'
import { readdirSync, readlinkSync } from 'node:fs'
import { sleepsInPoll } from '../helpers/child-process.ts'
import { executable } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { Pty } from '../helpers/pty.ts'
import { isFree, keepersOf } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'

const [CTRL_C, CTRL_D, CTRL_Z, CTRL_BACKSLASH] = ['\x03', '\x04', '\x1a', '\x1c']

/** A command that `run` becomes on a terminal of its own. */
function runOnTerminal(host: Host, command: string[], columns?: number, rows?: number): Pty {
  return new Pty([executable(), 'run', '--', ...command], host.env, columns, rows)
}

/** An interactive shell with job control, whose prompt is `% `, and in which `$C` is canhazgpu. */
async function shellOnTerminal(host: Host): Promise<Pty> {
  const env = { ...host.env, C: executable(), PS1: '% ', HOME: '/nonexistent', INPUTRC: '/dev/null' }
  const pty = new Pty(['bash', '--norc', '--noprofile', '--noediting', '-i'], env)
  await pty.shows(/% $/)
  return pty
}

describe('on a terminal, the command', () => {
  test('has it on all three descriptors, with its size, as leader of its session and in the foreground', async () => {
    using host = await Host.withPool(1)
    const script = `for fd in 0 1 2; do test -t $fd && echo terminal $fd; done; stty size
                    ps -o pid=,pgid=,sid=,tpgid= -p $$ | sed 's/^/ids /'`
    using pty = runOnTerminal(host, ['bash', '-c', script], 77, 11)
    expect(await pty.end()).toEqual({ status: 0, signal: null })
    await pty.shows(/ids.*\n/)
    expect(pty.text).toStartWith('Reserved 1 GPU(s): [0]\nterminal 0\nterminal 1\nterminal 2\n11 77\n')
    expect(/ids(.*)/.exec(pty.text)?.[1]?.trim().split(/ +/).map(Number)).toEqual(Array(4).fill(pty.pid))
  })

  test('is told when the window changes its size', async () => {
    using host = await Host.withPool(1)
    const script = 'trap "stty size; exit 6" WINCH; echo ready; while :; do sleep 0.01; done'
    using pty = runOnTerminal(host, ['bash', '-c', script])
    await pty.shows(/ready/)
    pty.resize(123, 45)
    await pty.shows(/45 123/)
    expect(await pty.end()).toEqual({ status: 6, signal: null })
  })

  test('finds the terminal in the mode in which it was', async () => {
    using host = await Host.withPool(1)
    using pty = new Pty(
      [
        'bash',
        '-c',
        'stty -echo -icanon min 3; stty -g; "$C" run -- stty -g; "$C" status; stty -g; echo end',
      ],
      { ...host.env, C: executable() },
    )
    await pty.shows(/end/)
    const modes = pty.text.match(/^[0-9a-f]+(:[0-9a-f]+){10,}$/gm) ?? []
    expect(modes).toHaveLength(3)
    expect(new Set(modes)).toHaveProperty('size', 1)
  })

  test.each([
    ['Ctrl-C', CTRL_C, 'SIGINT'],
    ['Ctrl-\\', CTRL_BACKSLASH, 'SIGQUIT'],
  ])('dies of %s, and its GPU is free', async (_name, key, signal) => {
    using host = await Host.withPool(1)
    using pty = runOnTerminal(host, ['sh', '-c', 'ulimit -c 0; echo ready; exec sleep 600'])
    await pty.shows(/ready/)
    pty.type(key)
    expect(await pty.end()).toEqual({ status: null, signal })
    expect(await isFree(host)).toBe(true)
  })

  test('is reached by Ctrl-C once, and may go on', async () => {
    using host = await Host.withPool(1)
    const script = `trap 'n=$((n + 1)); echo caught' INT; echo ready
                    until [ "$line" = stop ]; do read -r line; done; echo times=$n; exit 9`
    using pty = runOnTerminal(host, ['bash', '-c', script])
    await pty.shows(/ready/)
    pty.type(CTRL_C)
    await pty.shows(/caught/)
    expect(await host.status()).toEqual([expect.stringContaining('(run, ')])
    pty.type('stop\n')
    expect(await pty.end()).toEqual({ status: 9, signal: null })
    await pty.shows(/times=1\n/)
  })

  test('is hung up with it, and its GPU is free', async () => {
    using host = await Host.withPool(1)
    using pty = runOnTerminal(host, ['sh', '-c', 'echo ready; exec sleep 600'])
    await pty.shows(/ready/)
    pty.close()
    expect(await pty.end()).toEqual({ status: null, signal: 'SIGHUP' })
    expect(await isFree(host)).toBe(true)
  })
})

describe('in an interactive shell', () => {
  test('Ctrl-Z stops the command, which keeps its GPU, and fg goes on with it', async () => {
    using host = await Host.withPool(1)
    using pty = await shellOnTerminal(host)
    pty.type('"$C" run -- sed -u "s/^/got /"\n')
    await pty.shows(/Reserved 1/)
    pty.type('one\n')
    await pty.shows(/got one/)
    pty.type(CTRL_Z)
    await pty.shows(/Stopped.*\n% $/)
    expect(await host.status()).toEqual([expect.stringContaining('(run, ')])
    pty.type('fg\n')
    await pty.shows(/fg\n"\$C" run/)
    pty.type('two\n')
    await pty.shows(/got two/)
    pty.type(CTRL_D)
    await pty.shows(/% $/)
    pty.type('echo status=$? jobs="$(jobs)"\n')
    await pty.shows(/status=0 jobs=\n/)
    await until(() => isFree(host))
  })

  test('Ctrl-C ends the command and not the shell', async () => {
    using host = await Host.withPool(1)
    using pty = await shellOnTerminal(host)
    // One process from here on: dash itself may sleep on where Ctrl-C comes while it starts another.
    pty.type('"$C" run -- sh -c "echo rea\'\'dy; exec sleep 600"\n')
    await pty.shows(/^ready/m)
    pty.type(CTRL_C)
    await pty.shows(/\^C\n% $/)
    pty.type('echo status=$?\n')
    await pty.shows(/status=130\n/)
  })

  test('the command runs in the background with &, and kill %1 ends it', async () => {
    using host = await Host.withPool(1)
    using pty = await shellOnTerminal(host)
    pty.type('"$C" run -- sleep 600 &\n')
    await pty.shows(/Reserved 1/)
    pty.type('kill %1; wait %1; echo status=$?\n')
    await pty.shows(/status=143\n/)
    expect(await isFree(host)).toBe(true)
  })

  test('a shell is the command: it has job control of its own', async () => {
    using host = await Host.withPool(1)
    using pty = await shellOnTerminal(host)
    pty.type('"$C" run -- bash --norc --noprofile --noediting -i\n')
    await pty.shows(/Reserved 1 GPU\(s\): \[0\]\n.*% $/s)
    // bash shows an `m` among its flags when it has the terminal and can control jobs on it.
    pty.type(
      'echo "on GPU $CUDA_VISIBLE_DEVICES, flags $-"; sh -c "kill -STOP \\$\\$"; echo stopped=$?; fg; exit 4\n',
    )
    await pty.shows(/on GPU 0, flags \w*m\w*\n(.*\n)*stopped=147\n/)
    await pty.shows(/^exit\n% $/m)
    pty.type('echo status=$?\n')
    await pty.shows(/status=4\n/)
    await until(() => isFree(host))
  })
})

test('the keeper has no terminal, and nothing of it', async () => {
  using host = await Host.withPool(1)
  using pty = runOnTerminal(host, ['sh', '-c', 'echo ready; exec sleep 600'])
  await pty.shows(/ready/)
  await until(() => keepersOf(host, pty.pid).some(sleepsInPoll))
  const [keeper = 0] = keepersOf(host, pty.pid)
  const ids = await host.shell(`ps -o tty=,sid= -p ${keeper}`)
  expect(ids.stdout).toStartWith('?')
  expect(Number(ids.stdout.slice(1))).not.toBe(pty.pid)
  const descriptors = readdirSync(`/proc/${keeper}/fd`).map(fd => readlinkSync(`/proc/${keeper}/fd/${fd}`))
  expect(descriptors.filter(path => path.startsWith('/dev/'))).toEqual(Array(3).fill('/dev/null'))
  pty.type(CTRL_C)
  await pty.end()
  await until(async () => (await host.reservationIds())?.length === 0)
})
