import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { endAll, hasEnded, pidsIn } from '../helpers/asked-probe.ts'
import { canhazgpu, executable } from '../helpers/executable.ts'
import { Host, isOnRedis } from '../helpers/host.ts'
import { Pty } from '../helpers/pty.ts'
import { until } from '../helpers/until.ts'

let host: Host
beforeAll(async () => {
  host = await Host.withPool([{ memoryUsed: 45 }, { memoryUsed: 1024 }])
})
afterAll(() => host[Symbol.dispose]())

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'
/** Longer than any test: what is shown again then is shown for another reason. */
const ONCE = '3600'

/** A shell that tells the modes of the terminal before and after, the pid, and the exit status. */
const SCRIPT = `trap : INT QUIT
  stty -g; sh -c 'echo "pid $$"; exec "$C" status --watch ${ONCE}'; echo "end $?"; stty -g`

function watch(
  options: readonly string[] = [ONCE],
  env: Record<string, string> = {},
  columns = 80,
  rows = 24,
) {
  return new Pty([executable(), 'status', '--watch', ...options], { ...host.env, ...env }, columns, rows)
}

/** The rows of the last whole frame on a terminal, without colours. */
function lastFrame({ text }: Pty): string[] {
  const [frame = ''] =
    text
      .split('\x1b[?2026h\x1b[H')
      .slice(1)
      .findLast(frame => frame.includes('\x1b[?2026l'))
      ?.split('\x1b[J') ?? []
  return frame
    .replace(/\x1b\[\d*m/g, '')
    .split('\n')
    .map(row => row.replace(/\x1b\[K$/, ''))
}

describe('status --watch', () => {
  test('shows the status in place of the terminal’s content, again and again, without ever blanking it', async () => {
    using pty = watch(['0.1'], {}, 120)
    await pty.shows(/GPU 1: /)
    await host.canhazgpu('reserve')
    await pty.shows(/1 reserved/)
    await host.canhazgpu('release')
    await until(() => lastFrame(pty)[0]?.endsWith('1/2 free, 1 in use without reservation') ?? false)
    expect(lastFrame(pty)).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, every 0\.1s, q leaves: 1\/2 free, /),
      expect.stringMatching(/^GPU 0: AVAILABLE \(last released 0h 0m \ds ago\) \[validated: 45MB used\]$/),
      'GPU 1: IN USE WITHOUT RESERVATION by unknown - 1024MB used',
    ])
    pty.type('q')
    expect(await pty.end()).toEqual({ status: 0, signal: null })
    await pty.shows(/1049l$/)
    expect(pty.text).toStartWith(ENTER)
    expect(pty.text).toEndWith(LEAVE)
    const frames = pty.text.slice(ENTER.length, -LEAVE.length)
    expect(frames.replace(/\x1b\[\?2026h\x1b\[H[\s\S]*?\x1b\[J\x1b\[\?2026l/g, '')).toBe('')
    expect(frames).not.toContain('\x1b[2J')
  })

  test('follows the size of the terminal at once', async () => {
    using pty = watch()
    await pty.shows(/GPU 1: /)
    pty.resize(20, 24)
    await until(() => lastFrame(pty).every(row => row.length < 20))
    const words = lastFrame(pty).join(' ').replace(/ +/g, ' ')
    expect(words).toContain('GPU 1: IN USE WITHOUT RESERVATION by unknown - 1024MB used')
    pty.resize(20, 2)
    await until(() => lastFrame(pty).length === 2)
    expect(lastFrame(pty)[1]).toBe('(2 more lines)')
    pty.resize(100, 24)
    await until(() => lastFrame(pty).some(row => row.endsWith('by unknown - 1024MB used')))
  })

  test('begins on a terminal of 20 columns', async () => {
    using pty = watch([ONCE], {}, 20, 30)
    await pty.shows(/GPU 1: /)
    expect(lastFrame(pty).every(row => row.length < 20)).toBe(true)
  })

  test('is coloured, unless the user says no', async () => {
    using pty = watch()
    await pty.shows(/GPU 1: /)
    expect(pty.text).toContain('GPU 1: \x1b[31mIN USE WITHOUT RESERVATION\x1b[m by unknown')
    using plain = watch([ONCE], { NO_COLOR: '1' })
    await plain.shows(/GPU 1: IN USE WITHOUT RESERVATION by unknown/)
    expect(plain.text).not.toMatch(/\x1b\[\d*m/)
  })

  test('is wide with --wide', async () => {
    using pty = watch([ONCE, '--wide'], {}, 200)
    await pty.shows(/GPU 1: /)
    expect(lastFrame(pty)[1]).toEndWith(' [NVIDIA H100 80GB HBM3, 81559MB, 0% utilization, 30C]')
  })
})

describe('the terminal is as it was before, and the exit is its own, after', () => {
  test.each<[string, (pty: Pty, pid: number) => void, number]>([
    ['q', pty => pty.type('q'), 0],
    ['Q among other keys', pty => pty.type('xyQ'), 0],
    ['Ctrl-C', pty => pty.type('\x03'), 128 + 2],
    ['Ctrl-\\', pty => pty.type('\x1c'), 128 + 3],
    ['SIGTERM', (_, pid) => process.kill(pid, 'SIGTERM'), 128 + 15],
    ['SIGHUP', (_, pid) => process.kill(pid, 'SIGHUP'), 128 + 1],
    ['SIGINT', (_, pid) => process.kill(pid, 'SIGINT'), 128 + 2],
  ])('%s', async (_, leave, exitStatus) => {
    using pty = new Pty(['/bin/sh', '-c', SCRIPT], { ...host.env, C: executable() })
    await pty.shows(/GPU 1: /)
    leave(pty, Number(/pid (\d+)/.exec(pty.text)?.[1]))
    await pty.shows(/end \d+\n\S+\n/)
    const [before, ...rest] = pty.text.split('\n')
    expect(rest.at(-2)).toBe(before as string)
    expect(before).toMatch(/^[\da-f:]+$/)
    const end = pty.text.slice(pty.text.indexOf(LEAVE) + LEAVE.length)
    expect(end.match(/end \d+/)?.[0]).toBe(`end ${exitStatus}`)
    // Nothing but the shell's own word for a death by signal.
    expect(end).not.toContain('\x1b')
  })

  test('Ctrl-Z, and it is there again with fg, each time', async () => {
    const bash = ['/bin/bash', '--noprofile', '--norc', '-i']
    using pty = new Pty(bash, { ...host.env, C: executable(), PS1: 'ready> ' })
    await pty.shows(/ready> $/)
    pty.type(`stty -g; "$C" status --watch ${ONCE}\n`)
    await pty.shows(/GPU 1: /)
    for (const word of ['away', 'again']) {
      pty.type('\x1a')
      await pty.shows(/1049l[^\x1b]*Stopped[^\x1b]*(\x1b\[\?2004h)?ready> $/)
      pty.type(`stty -g; echo ${word}\n`)
      await pty.shows(new RegExp(`\n${word}\n[^\n]*ready> $`))
      const before = pty.text.length
      pty.type('fg\n')
      await until(() => /1049h.*GPU 1: /s.test(pty.text.slice(before)))
    }
    const modes = pty.text.match(/[\da-f]+(:[\da-f]+){10,}$/gm) ?? []
    expect(modes).toBeArrayOfSize(3)
    expect(new Set(modes).size).toBe(1)
    const before = pty.text.length
    pty.type('q')
    await until(() => pty.text.slice(before).includes(LEAVE))
    pty.type('echo "end $?"; exit\n')
    await pty.shows(/end 0\n/)
    await pty.end()
  })

  test('Ctrl-Z where no shell is there to go on: it goes on by itself', async () => {
    using pty = watch()
    await pty.shows(/GPU 1: /)
    const before = pty.text.length
    pty.type('\x1a')
    await until(() => /1049l.*1049h.*GPU 1: /s.test(pty.text.slice(before)))
    pty.type('q')
    expect(await pty.end()).toEqual({ status: 0, signal: null })
  })

  test('a closed window: it dies of it', async () => {
    using pty = watch(['0.1'])
    await pty.shows(/GPU 1: /)
    pty.close()
    expect(await pty.end()).toEqual({ status: null, signal: 'SIGHUP' })
  })
})

describe('a tool', () => {
  test.each<[string, (pty: Pty, pid: number) => void, number]>([
    ['q', pty => pty.type('q'), 0],
    ['Ctrl-C', pty => pty.type('\x03'), 128 + 2],
    ['SIGTERM', (_, pid) => process.kill(pid, 'SIGTERM'), 128 + 15],
  ])('that hangs does not hold up %s, and does not stay behind', async (_, leave, exitStatus) => {
    using host = await Host.withPool(1)
    const pids = join(host.directory.path, 'pids')
    host.nvidiaSmi.before(`echo $$ >> ${pids}; exec sleep 600`)
    try {
      // The shell keeps the terminal open: a closed one would end the tool, too.
      using pty = new Pty(['/bin/sh', '-c', `${SCRIPT}; read line`], { ...host.env, C: executable() })
      await pty.shows(/Asking the GPU tool/)
      await until(() => Bun.file(pids).size > 0 && pidsIn(pids).length === 2)
      leave(pty, Number(/pid (\d+)/.exec(pty.text)?.[1]))
      await pty.shows(new RegExp(`end ${exitStatus}\n`))
      await until(() => pidsIn(pids).every(hasEnded))
    } finally {
      endAll(pids)
    }
  })

  test('that fails is complained of in the picture, not across it', async () => {
    using host = await Host.withPool(1)
    host.nvidiaSmi.before('echo broken; exit 9')
    using pty = new Pty([executable(), 'status', '--watch', '0.1'], host.env, 120)
    await pty.shows(/GPU 0: /)
    expect(lastFrame(pty)).toEqual([
      expect.stringMatching(/ 0\/1 free, 1 not validated$/),
      "Warning: nvidia-smi failed (exit status 9): broken. What it would tell is missing below. Run 'nvidia-smi' to see what",
      '  is wrong',
      'GPU 0: AVAILABLE [not validated]',
    ])
    host.nvidiaSmi.before(null)
    await until(() => lastFrame(pty).length === 2)
  })
})

test.skipIf(isOnRedis)(
  'a pool that is gone for a while is said to be, and shown when it is there again',
  async () => {
    using host = await Host.withPool(1)
    using pty = new Pty([executable(), 'status', '--watch', '0.1'], host.env, 200)
    await pty.shows(/GPU 0: /)
    const directory = dirname(host.poolPath)
    renameSync(directory, `${directory}-away`)
    await until(() => lastFrame(pty)[0]?.includes(': Error: GPU pool is not initialized.') ?? false)
    renameSync(`${directory}-away`, directory)
    await until(() => lastFrame(pty)[1] === 'GPU 0: AVAILABLE')
  },
)

describe('is refused before anything is shown', () => {
  const NO_TERMINAL = "Error: --watch needs a terminal. Use 'canhazgpu status', or --json for programs\n"

  test('without a terminal', async () => {
    expect(await host.canhazgpu('status', '--watch')).toEqual({
      status: 2,
      signal: null,
      stdout: '',
      stderr: NO_TERMINAL,
    })
  })

  test.each([
    ['with the output in a pipe', 'status --watch | cat', {}],
    ['without a keyboard', 'status --watch < /dev/null', {}],
    ['on a terminal that is dumb', 'status --watch', { TERM: 'dumb' }],
  ])('%s', async (_, words, env) => {
    using pty = new Pty(['/bin/sh', '-c', `"$C" ${words}`], { ...host.env, ...env, C: executable() })
    await pty.end()
    await pty.shows(/\n$/)
    expect(pty.text).toBe(NO_TERMINAL)
  })

  test('where there is no pool', async () => {
    using pty = new Pty(
      [executable(), 'status', '--watch', '--store', 'sqlite:/nonexistent/pool.db'],
      host.env,
    )
    expect(await pty.end()).toMatchObject({ status: 1 })
    await pty.shows(/\n$/)
    expect(pty.text).toStartWith('Error: GPU pool is not initialized.')
  })

  test.each(['0', '0.05', '3601', '1e3', '-1', 'x'])('with an interval of %j', async interval => {
    const { status, stdout, stderr } = await canhazgpu(['status', `--watch=${interval}`], { env: host.env })
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toBe(
      `Error: Invalid value for --watch: "${interval}". Use seconds from 0.1 to 3600, or false, for example --watch 5\n`,
    )
  })
})
