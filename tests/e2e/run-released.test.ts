import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ChildProcess, sleepsInPoll, stateOf } from '../helpers/child-process.ts'
import { executable } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { commandLine, isFree, keepersOf, killKeepers, Running } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'

const HELD = / IN USE by .* \(run, last heartbeat /

describe('the keeper releases, without any other command', () => {
  test.each([
    ['has ended', 'true'],
    ['has failed', 'exit 3'],
    ['has died by a signal', 'kill -SEGV $$'],
    ['has killed its group', 'kill -KILL 0'],
  ])('when the command %s', async (_name, script) => {
    using host = await Host.withPool(2)
    const command = `ulimit -c 0; ${script}`
    await host.shell(`exec setsid --wait "$C" run --gpus 2 -- sh -c '${command}'`)
    await until(async () => (await host.reservationIds())?.length === 0, 2000)
    await until(() => keepersOf(host).length === 0)
    expect(await isFree(host)).toBe(true)
  })

  test('while what the command left behind goes on', async () => {
    using host = await Host.withPool(1)
    const pidFile = join(host.directory.path, 'daemon')
    await host.shell(
      `"$C" run -- sh -c 'setsid sleep 600 >/dev/null 2>&1 & echo $! >"$0"; echo hi' "$FILE" >&2`,
      { env: { FILE: pidFile } },
    )
    const daemon = Number(readFileSync(pidFile, 'utf8'))
    try {
      await until(async () => (await host.reservationIds())?.length === 0, 2000)
      expect(stateOf(daemon)).toBe('S')
    } finally {
      process.kill(daemon, 'SIGKILL')
    }
  })
})

describe('the very next command sees', () => {
  test('the GPUs free when the command and its keeper were killed', async () => {
    using host = await Host.withPool(2)
    await using running = await Running.start(host, { gpus: 2 })
    await running.killKeeper()
    await running.kill()
    expect(await isFree(host)).toBe(true)
    expect((await host.canhazgpu('reserve', '--gpus', '2')).status).toBe(0)
  })

  test('the GPUs taken when only the keeper was killed, and free after the command', async () => {
    using host = await Host.withPool(1)
    await using running = await Running.start(host)
    await running.killKeeper()
    expect(await host.status()).toEqual([expect.stringMatching(HELD)])
    expect((await host.canhazgpu('reserve')).status).toBe(75)
    await running.kill()
    expect((await host.canhazgpu('reserve')).status).toBe(0)
  })

  test.each([
    ['with its keeper', false],
    ['without a keeper', true],
  ])('the GPUs free when only a zombie is left, %s', async (_name, withoutKeeper) => {
    using host = await Host.withPool(1)
    // The shell becomes a program that does not know of its child, and does not wait for it.
    await using parent = new ChildProcess(
      ['/bin/bash', '-c', '"$0" run -- sleep 600 & echo $!; exec sleep 600', executable()],
      { env: host.env },
    )
    const pid = Number(await parent.firstLine())
    await until(() => keepersOf(host, pid).some(sleepsInPoll) && commandLine(pid)[0] === 'sleep')
    if (withoutKeeper) await killKeepers(host)
    process.kill(pid, 'SIGKILL')
    await until(() => stateOf(pid) === 'Z')
    if (!withoutKeeper) await until(async () => (await host.reservationIds())?.length === 0)
    expect(await isFree(host)).toBe(true)
    expect((await host.canhazgpu('reserve')).status).toBe(0)
    expect(stateOf(pid)).toBe('Z')
  })

  test.each([
    ['the command', (running: Running) => running.pid],
    ['the keeper', (running: Running) => running.keeper],
  ])('the GPUs taken while %s is stopped', async (_name, pidOf) => {
    using host = await Host.withPool(1)
    await using running = await Running.start(host)
    const pid = pidOf(running)
    process.kill(pid, 'SIGSTOP')
    await until(() => stateOf(pid) === 'T')
    expect(await host.status()).toEqual([expect.stringMatching(HELD)])
    expect((await host.canhazgpu('reserve')).status).toBe(75)
    await running.kill()
    expect((await host.canhazgpu('reserve')).status).toBe(0)
  })
})
