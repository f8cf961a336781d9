import { describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canhazgpu, start } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

/** A GPU that was ever reserved says so, so this shows that none was taken, not even for a moment. */
const NEVER_RESERVED = ['GPU 0: AVAILABLE']

describe('run ends as its command', () => {
  test.each([0, 1, 2, 75, 126, 127, 255])('with exit status %d', async status => {
    using host = await Host.withPool(1)
    expect(await host.canhazgpu('run', '--', 'sh', '-c', `exit ${status}`)).toEqual({
      status,
      signal: null,
      stdout: '',
      stderr: 'Reserved 1 GPU(s): [0]\n',
    })
  })

  test.each(['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP', 'SIGPIPE', 'SIGUSR1'])('by %s', async signal => {
    using host = await Host.withPool(1)
    const { status, signal: diedBy } = await host.canhazgpu(
      ...['run', '--', 'sh', '-c', `kill -${signal.slice(3)} $$`],
    )
    expect({ status, diedBy }).toEqual({ status: null, diedBy: signal })
  })

  test('and a signal to the pid that was started reaches the command', async () => {
    using host = await Host.withPool(1)
    const script = 'trap "echo caught; exit 5" TERM; echo ready; while :; do sleep 0.01; done'
    const child = host.start(['run', '--', 'bash', '-c', script])
    const reader = child.stdout.getReader()
    const decoder = new TextDecoder()
    expect(decoder.decode((await reader.read()).value)).toBe('ready\n')
    child.kill('SIGTERM')
    expect(decoder.decode((await reader.read()).value)).toBe('caught\n')
    expect(await child.exited).toBe(5)
  })

  test('in a shell, where 128 and the signal are added', async () => {
    using host = await Host.withPool(1)
    const { stdout } = await host.shell('"$C" run -- sh -c \'kill -TERM $$\'; echo $?')
    expect(stdout).toBe('143\n')
  })
})

describe('run reserves nothing for a command', () => {
  test.each([
    ['that is not there', 'no-such-command', 127, 'Command not found: no-such-command'],
    ['that is not there, by path', './no/such', 127, 'Command not found: ./no/such'],
    ['below a file', './plain/x', 127, 'Command not found: ./plain/x'],
    ['without a name', '', 127, 'Command not found: '],
    ['that is not executable', './plain', 126, 'Cannot execute ./plain: Permission denied'],
    ['that is a directory', './directory', 126, 'Cannot execute ./directory: it is a directory'],
  ])('%s', async (_name, command, status, message) => {
    using host = await Host.withPool(1)
    const cwd = host.directory.path
    writeFileSync(join(cwd, 'plain'), 'echo plain\n')
    mkdirSync(join(cwd, 'directory'))
    const result = await host.shell(`"$C" run -- '${command}' --help`, { cwd })
    expect({ ...result, stderr: '' }).toEqual({ status, signal: null, stdout: '', stderr: '' })
    expect(result.stderr).toStartWith(`Error: ${message}. Nothing`)
    expect(await host.status()).toEqual(NEVER_RESERVED)
  })
})

describe.skipIf(!canMakeUsers)('run of a user whose PATH has a directory that they may not look into', () => {
  const [alice] = makeUsers('alice')

  test.each([
    ['finds a command behind it', 'true', 0, 'Reserved 1 GPU(s): [0]\n'],
    [
      'does not find one in it, as a shell does not',
      'hidden',
      127,
      'Error: Command not found: hidden. Nothing was reserved; check the spelling and PATH\n',
    ],
  ])('%s', async (_name, command, status, stderr) => {
    using host = await Host.withPool(1)
    const closed = join(host.directory.path, 'closed')
    mkdirSync(closed)
    writeFileSync(join(closed, 'hidden'), '#!/bin/sh\n', { mode: 0o755 })
    chmodSync(closed, 0o700)
    const env = { ...host.env, PATH: `${closed}:${host.env.PATH}` }
    const ofShell = start(['/bin/sh', '-c', command], { env, uid: alice.uid })
    expect(await ofShell.exited).toBe(status)
    expect(await canhazgpu(['run', '--', command], { env, uid: alice.uid })).toMatchObject({ status, stderr })
  })

  test('is told why, where the command is named by its path', async () => {
    using host = await Host.withPool(1)
    const closed = join(host.directory.path, 'closed')
    mkdirSync(closed, { mode: 0o700 })
    const { status, stderr } = await host.canhazgpuAs(alice.uid, 'run', '--', join(closed, 'hidden'))
    expect(status).toBe(126)
    expect(stderr).toStartWith(`Error: Cannot execute ${closed}/hidden: Permission denied. Nothing`)
  })
})

describe('run gives back at once what it reserved for a command', () => {
  test.each([
    [
      'whose interpreter is missing',
      '#!/no/such/interpreter\n',
      'its interpreter (the #! line) does not exist',
    ],
    ['for another architecture', '\x7fELF\x02\x01\x01\0 of another machine', 'Exec format error'],
  ])('%s', async (_name, content, reason) => {
    using host = await Host.withPool(1)
    const file = join(host.directory.path, 'program')
    writeFileSync(file, content)
    chmodSync(file, 0o755)
    const { status, stdout, stderr } = await host.canhazgpu('run', '--', file)
    expect(await host.reservationIds()).toEqual([])
    expect({ status, stdout }).toEqual({ status: 126, stdout: '' })
    expect(stderr).toStartWith(`Reserved 1 GPU(s): [0]\nError: Cannot execute ${file}: ${reason}. Nothing`)
  })
})

test('run gives a script without #! to the shell', async () => {
  using host = await Host.withPool(1)
  const file = join(host.directory.path, 'script')
  writeFileSync(file, 'echo "$0: $# arguments, the first is $1, GPU $CUDA_VISIBLE_DEVICES"; exit 4\n')
  chmodSync(file, 0o755)
  const { status, stdout } = await host.canhazgpu('run', '--', file, 'a b', 'c')
  expect({ status, stdout }).toEqual({
    status: 4,
    stdout: `${file}: 2 arguments, the first is a b, GPU 0\n`,
  })
})
