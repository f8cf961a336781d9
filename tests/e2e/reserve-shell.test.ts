import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { executable } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { Pty } from '../helpers/pty.ts'
import { isFree, keepersOf } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'

let host: Host
beforeEach(async () => {
  host = await Host.withPool(2)
})
afterEach(() => host[Symbol.dispose]())

describe('reserve --shell', () => {
  test('is a shell on the terminal that has the GPUs, and releases them when it ends', async () => {
    using pty = new Pty([executable(), 'reserve', '--shell', '-g', '2', '-n', 'debug'], {
      ...host.env,
      SHELL: '/bin/sh',
      PS1: 'ready> ',
    })
    await pty.shows(/Reserved 2 GPU\(s\): \[0, 1\]\n.*ready> /)
    expect((await host.status())[1]).toMatch(/^GPU 1: IN USE by .* \(run, last heartbeat .*\) .* - debug$/)
    pty.type('echo "$CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER $(echo $CANHAZGPU_RESERVATION | wc -c)"\n')
    await pty.shows(/^0,1 PCI_BUS_ID 13$/m)
    pty.type('exit 7\n')
    expect(await pty.end()).toEqual({ status: 7, signal: null })
    await until(() => isFree(host))
    await until(() => keepersOf(host).length === 0)
  })

  test('has job control: Ctrl-C ends what runs in it and not the shell', async () => {
    using pty = new Pty([executable(), 'reserve', '--shell'], {
      ...host.env,
      SHELL: '/bin/bash',
      HOME: '/',
      TERM: 'dumb',
    })
    await pty.shows(/Reserved 1 GPU/)
    pty.type('sh -c "echo begun; exec sleep 600"\n')
    await pty.shows(/^begun$/m)
    pty.type('\x03')
    pty.type('echo "still $CUDA_VISIBLE_DEVICES"\n')
    await pty.shows(/^still 0$/m)
    pty.close()
    await pty.end()
    await until(() => isFree(host))
  })

  test('reads a script from stdin, and ends as it does', async () => {
    const script = `echo 'echo "$CUDA_VISIBLE_DEVICES"; exit 3' | SHELL=/bin/sh "$C" reserve --shell 2>/dev/null; echo $?`
    expect((await host.shell(script)).stdout).toBe('0\n3\n')
  })

  test('takes the shell of the passwd database where $SHELL is not set', async () => {
    const own = Bun.spawnSync(['sh', '-c', 'getent passwd $(id -u) | cut -d: -f7'])
    const { stdout } = await host.shell(
      `echo 'readlink -f /proc/$$/exe' | env -u SHELL "$C" reserve --shell 2>/dev/null; readlink -f "$OWN"`,
      { env: { OWN: own.stdout.toString().trim() || '/bin/sh' } },
    )
    const [used, expected] = stdout.split('\n')
    expect(used).toBe(String(expected))
  })

  test('has the GPUs of its terminal while the shell lives, whoever kills its keeper', async () => {
    const shell = join(host.directory.path, 'shell')
    writeFileSync(shell, '#!/bin/sh\necho\nexec sleep 600\n')
    chmodSync(shell, 0o755)
    const child = host.start(['reserve', '--shell'], { env: { SHELL: shell } })
    await child.stdout.getReader().read()
    await until(() => keepersOf(host).length === 1)
    for (const pid of keepersOf(host)) process.kill(pid, 'SIGKILL')
    await until(() => keepersOf(host).length === 0)
    expect((await host.status())[0]).toContain('IN USE')
    child.kill('SIGKILL')
    await child.exited
    expect(await isFree(host)).toBe(true)
  })

  test.each([
    [['--duration', '2h'], '--shell and --duration do not go together: the shell has the GPUs until it ends'],
    [['--until', '18:00'], '--shell and --until do not go together: the shell has the GPUs until it ends'],
  ])('is refused with %j, and says why', async (args, message) => {
    const { status, stderr } = await host.canhazgpu('reserve', '--shell', ...args)
    expect([status, stderr]).toEqual([2, `Error: ${message}. Use one of the two\n`])
    expect(await isFree(host)).toBe(true)
  })

  test('is refused when there is no such shell, and takes nothing', async () => {
    const child = host.start(['reserve', '--shell'], { env: { SHELL: '/nowhere/sh' } })
    expect(await child.stderr.text()).toStartWith('Error: Command not found: /nowhere/sh.')
    expect(await child.exited).toBe(127)
    expect(await isFree(host)).toBe(true)
  })
})
