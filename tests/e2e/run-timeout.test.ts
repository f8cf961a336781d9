import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning } from '../../src/process/identity.ts'
import { stateOf } from '../helpers/child-process.ts'
import { executable, outcome } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { Pty } from '../helpers/pty.ts'
import { until } from '../helpers/until.ts'

let host: Host
beforeEach(async () => {
  host = await Host.withPool(2)
})
afterEach(() => host[Symbol.dispose]())

describe('run --timeout', () => {
  test('ends a command that takes too long with status 124, and gives its GPU back', async () => {
    const { status, stdout } = await host.canhazgpu(
      'run',
      '-t',
      '0.2s',
      '--',
      'sh',
      '-c',
      'echo on; sleep 60',
    )
    expect([status, stdout]).toEqual([124, 'on\n'])
    await until(async () => (await host.status()).every(line => line.includes('AVAILABLE')))
  })

  test('ends its whole process group, and nobody else in a script', async () => {
    const script =
      'sleep 61 & "$C" run -t 0.2s -- sh -c \'sleep 62 & echo "$!"; wait\'; echo $?; kill -0 $! && echo alive; kill $!'
    const [inGroup, ...rest] = (await host.shell(script)).stdout.split('\n')
    expect(rest).toEqual(['124', 'alive', ''])
    await until(() => !isRunning(Number(inGroup)))
  })

  test('kills after the grace what does not end by itself', async () => {
    const command = ['sh', '-c', 'trap "echo asked" TERM; echo on; while :; do sleep 0.05; done']
    const { status, stdout } = await host.canhazgpu('run', '-t', '0.2s', '--grace', '0.3s', '--', ...command)
    expect([status, stdout]).toEqual([124, 'on\nasked\n'])
  })

  test('lets a command clean up, and says 124 all the same', async () => {
    const command = ['sh', '-c', 'trap "echo saved; exit 3" TERM; while :; do sleep 0.05; done']
    const { status, stdout } = await host.canhazgpu('run', '-t', '0.2s', '--', ...command)
    expect([status, stdout]).toEqual([124, 'saved\n'])
  })

  test('changes nothing for a command that ends in time', async () => {
    const script = `
      "$C" run -t 1h -- sh -c 'exit 7'; echo $?
      "$C" run -t 1h -- sh -c 'kill -KILL $$'; echo $?
      echo in | "$C" run -t 1h -- cat; "$C" run -t 1h -- cat /dev/fd/7 7< <(echo seven)
      "$C" run -t 1h -- not-a-command; echo $?
      "$C" run -t 1h -- sh -c 'ulimit -n; echo "$CUDA_VISIBLE_DEVICES"'; ulimit -n
      (trap "" HUP; "$C" run -t 1h -- sh -c 'kill -HUP $$; echo ignores')`
    const { stdout } = await host.shell(script)
    const limit = stdout.split('\n').at(-3) ?? ''
    expect(stdout).toMatch(new RegExp(`^7\n137\nin\nseven\n127\n${limit}\n[01]\n${limit}\nignores\n$`))
  })

  test('hands a signal on to the command, and dies by the one that it died by', async () => {
    const job = host.start([
      'run',
      '-t',
      '1h',
      '--',
      'sh',
      '-c',
      'trap "echo usr1" USR1; echo on; while :; do sleep 0.05; done',
    ])
    const reader = job.stdout.getReader()
    await reader.read()
    job.kill('SIGUSR1')
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('usr1\n')
    job.kill('SIGTERM')
    await job.exited
    expect(String(job.signalCode)).toBe('SIGTERM')
  })

  test('takes the command with it when it is killed', async () => {
    const file = join(host.directory.path, 'pid')
    const job = host.start(['run', '-t', '1h', '--', 'sh', '-c', `echo $$ > ${file}; exec sleep 60`])
    await until(() => Bun.file(file).size > 1)
    const pid = Number(readFileSync(file, 'utf8'))
    job.kill('SIGKILL')
    await until(() => ['', 'Z'].includes(stateOf(pid)))
    await until(async () => (await host.status()).every(line => line.includes('AVAILABLE')))
  })

  test('ends a command that was stopped together with its supervisor', async () => {
    const command = 'kill -STOP $$; echo on'
    const job = host.start(['run', '-t', '0.2s', '--grace', '0.1s', '--', 'sh', '-c', command])
    await until(() => stateOf(job.pid) === 'T')
    await until(async () => (await host.status()).every(line => line.includes('AVAILABLE')))
    job.kill('SIGCONT')
    expect(await outcome(job)).toMatchObject({ status: 124, stdout: '' })
  })

  test('counts from the start of the command, not from its place in the line', async () => {
    await host.canhazgpu('reserve', '-g', '2', '--duration', '2s')
    const { status, stdout } = await host.canhazgpu('run', '--wait', '-t', '1s', '--', 'echo', 'late')
    expect([status, stdout]).toEqual([0, 'late\n'])
  })

  test('says when it ends at the latest to those who wait', async () => {
    const job = host.start(['run', '-g', '2', '-t', '1h', '--', 'sh', '-c', 'echo; exec sleep 60'])
    await job.stdout.getReader().read()
    const waiter = host.start(['run', '--wait', '--', 'true'])
    await until(async () => (await host.canhazgpu('queue')).stdout.includes('first known end'))
    waiter.kill('SIGKILL')
    job.kill('SIGKILL')
    await Promise.all([waiter.exited, job.exited])
  })
})

describe('run --timeout on a terminal', () => {
  const shell = () => {
    const rc = join(host.directory.path, 'rc')
    writeFileSync(rc, 'PS1="ready> "\n')
    return new Pty(['/bin/bash', '--noprofile', '--rcfile', rc, '-i'], { ...host.env, C: executable() })
  }

  test('lets the command read from it, and hear Ctrl-C once', async () => {
    using pty = shell()
    await pty.shows(/ready> $/)
    pty.type(
      `"$C" run -t 1h -- sh -c 'trap "echo heard" INT; read line; echo "got $line"; read other; echo end'\n`,
    )
    await pty.shows(/Reserved 1/)
    pty.type('typed\n')
    await pty.shows(/got typed/)
    pty.type('\x03')
    await pty.shows(/heard/)
    pty.type('\n')
    await pty.shows(/end\n[\s\S]*ready> $/)
    expect(pty.text.match(/heard\n/g)).toHaveLength(1)
  })

  test('stops with Ctrl-Z and goes on with fg, with the terminal its own again', async () => {
    using pty = shell()
    await pty.shows(/ready> $/)
    pty.type('"$C" run -t 1h -- cat\n')
    await pty.shows(/Reserved 1/)
    pty.type('one\n')
    await pty.shows(/one\none\n/)
    pty.type('\x1a')
    await pty.shows(/Stopped[\s\S]*ready> $/)
    pty.type('fg\n')
    await pty.shows(/run -t 1h -- cat\n$/)
    pty.type('two\n')
    await pty.shows(/two\ntwo\n/)
    pty.type('\x04')
    await pty.shows(/two\n[\s\S]*ready> $/)
  })

  test('tells the shell that it was too slow', async () => {
    using pty = shell()
    await pty.shows(/ready> $/)
    pty.type('"$C" run -t 0.5s -- sleep 60; echo "status $?"\n')
    await pty.shows(/status 124/)
  })
})
