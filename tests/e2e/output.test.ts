import { describe, expect, test } from 'bun:test'
import { openStore } from '../../src/store/open.ts'
import { Host, isOnRedis } from '../helpers/host.ts'
import { idleProcesses } from '../helpers/idle-processes.ts'
import { aManual } from '../helpers/pools.ts'
import { ownName } from '../helpers/users.ts'

const idleProcess = idleProcesses()
const pid = idleProcess()

describe('names cannot do anything to a terminal', () => {
  test.each([
    ['/opt/a, b, and c/my, tool', 'my, tool'],
    ['python train.py --lr 0.1, 0.2', 'python train.py --lr 0.1, 0.2'],
    ['\x1b[2J\x1b[31mred', String.raw`\x1b[2J\x1b[31mred`],
    ['\x1b]0;title\x07', String.raw`\x1b]0;title\x07`],
    ['\x9b31mred', String.raw`\x9b31mred`],
    ['over\rwritten\x08', String.raw`over\x0dwritten\x08`],
    ['\u202etxt.exe', String.raw`\u202etxt.exe`],
    ['naïve-训练', 'naïve-训练'],
    ['', ''],
    ['/usr/bin/', '/usr/bin/'],
  ])('of a process: %j', async (name, shown) => {
    using host = await Host.withPool([{ memoryUsed: 1024, apps: [{ pid, name }] }])
    expect(await host.status()).toEqual([
      `GPU 0: IN USE WITHOUT RESERVATION by user ${ownName} - 1024MB used by PID ${pid} (${shown})`,
    ])
  })

  test('of a holder', async () => {
    using host = await Host.withPool(1)
    const store = await openStore(host.storeUrl, 'write')
    const holder = { uid: 1000, userName: 'eve\x1b[2K\nGPU 9: AVAILABLE' }
    const expiresAt = Date.now() + 3_600_000
    await store.update(() => ({
      changes: [{ kind: 'add', reservation: aManual({ holder, expiresAt }) }],
      result: undefined,
    }))
    store.close()
    const lines = await host.status()
    expect(lines.length).toBe(1)
    expect(lines[0]).toStartWith(String.raw`GPU 0: IN USE by eve\x1b[2K\x0aGPU 9: AVAILABLE for `)
  })

  test('of a mistyped word', async () => {
    using host = new Host()
    for (const args of [
      ['\x1b[31m'],
      ['status', '\x1b[31m'],
      ['status', '--\x1b[31m'],
      ['reserve', '--gpus', '\x1b[31m\n'],
    ]) {
      const { status, stdout, stderr } = await host.canhazgpu(...args)
      expect([status, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(/^Error: [^\x00-\x1f]*\\x1b\[31m[^\x00-\x1f]*\n$/)
    }
  })
})

describe('a reader of stdout', () => {
  test('may leave after the first line', async () => {
    using host = await Host.withPool(1)
    await host.canhazgpu('admin', '--gpus', '1000', '--provider', 'fake', '--force')
    expect(await host.shell('"$C" status | head -1; echo $PIPESTATUS')).toMatchObject({
      stdout: 'GPU 0: AVAILABLE\n0\n',
      stderr: '',
    })
    // Longer than a pipe holds, to a reader that has left before it could be written.
    const many = await host.shell(
      'exec 3> >(exit); wait $!; for i in 1 2 3 4; do "$C" status >&3 || echo "status $?" >&2; done',
    )
    expect(many.stderr).toBe('')
  })

  test('may not be there at all', async () => {
    using host = await Host.withPool(2)
    for (const closed of ['>&-', '>&- 2>&-', '<&- >&- 2>&-']) {
      const { status, stderr } = await host.shell(`"$C" status ${closed}`)
      expect([status, stderr]).toEqual([0, ''])
      const reserved = await host.shell(`"$C" reserve ${closed} && "$C" release ${closed}`)
      expect([reserved.status, reserved.stderr]).toEqual([0, ''])
    }
    // Nothing was written into a file that happened to get the number of stdout.
    if (!isOnRedis)
      expect((await host.shell(`sqlite3 ${host.poolPath} 'PRAGMA integrity_check'`)).stdout).toBe('ok\n')
    expect(await host.status()).toEqual([
      expect.stringMatching(/^GPU 0: AVAILABLE \(last released 0h 0m \d+s ago\)$/),
      expect.stringMatching(/^GPU 1: AVAILABLE \(last released 0h 0m \d+s ago\)$/),
    ])
  })

  test('that is a full disk is an error in one line', async () => {
    using host = await Host.withPool(2)
    const refusal = {
      status: 1,
      stderr: 'Error: Cannot write to standard output: No space left on device\n',
    }
    expect(await host.shell('"$C" status > /dev/full')).toMatchObject(refusal)
    expect(await host.shell('"$C" --help > /dev/full')).toMatchObject(refusal)
    expect(await host.shell('"$C" reserve > /dev/full')).toMatchObject(refusal)
    expect((await host.status())[0]).toStartWith(`GPU 0: IN USE by ${ownName} for `)
  })

  test('that is stderr, and full, keeps the exit status', async () => {
    using host = await Host.withPool(1)
    const { status, stdout } = await host.shell('"$C" reserve --gpus 2 2> /dev/full')
    expect([status, stdout]).toEqual([1, ''])
    host.nvidiaSmi.before('exit 9')
    const sick = await host.shell('"$C" status 2> /dev/full')
    expect([sick.status, sick.stdout]).toEqual([0, 'GPU 0: AVAILABLE [not validated]\n'])
  })
})

describe('the same plain lines', () => {
  test.each([
    ['a terminal of 20 columns', 'stty cols 20;', {}],
    ['a terminal of 0 columns', 'stty cols 0;', {}],
    ['TERM=dumb', '', { TERM: 'dumb' }],
    ['no TERM', 'unset TERM;', {}],
    ['NO_COLOR', '', { NO_COLOR: '1' }],
    ['FORCE_COLOR', '', { FORCE_COLOR: '1', CLICOLOR_FORCE: '1' }],
    ['a locale of bytes', '', { LC_ALL: 'C' }],
  ])('come on %s', async (_name, before, env) => {
    using host = await Host.withPool([{ memoryUsed: 45 }, { memoryUsed: 1024, apps: [{ pid }] }])
    const lines = await host.status()
    const onTerminal = await host.shell(`script -qec '${before} "$C" status' /dev/null`, {
      env: { TERM: 'xterm', ...env },
    })
    // What colour is there, and when, is for colour.test.ts to say.
    const shown = onTerminal.stdout.replaceAll('\r\n', '\n').replace(/\x1b\[\d*m/g, '')
    expect(shown).toBe(lines.map(line => `${line}\n`).join(''))
    const piped = await host.shell('"$C" status', { env })
    expect(piped.stdout.split('\n').slice(0, -1)).toEqual(lines)
  })
})
