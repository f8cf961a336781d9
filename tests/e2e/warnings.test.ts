import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { sleepsInPoll } from '../helpers/child-process.ts'
import { executable } from '../helpers/executable.ts'
import { Host, isOnRedis } from '../helpers/host.ts'
import { Pty } from '../helpers/pty.ts'
import { commandLine, isFree, keepersOf, killKeepers } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'

const WARNING =
  /\ncanhazgpu: your reservation of GPU\(s\) \[0\] ends at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, in 0h \d+m \d+s\. To keep it longer: canhazgpu extend\n/

let host: Host
beforeEach(async () => {
  host = await Host.withPool(2)
})
afterEach(async () => {
  await killKeepers(host)
  host[Symbol.dispose]()
})

/** A terminal on which somebody has reserved a GPU, and sits before it. @param mesg whether others may write to it */
async function reserveOnTerminal(
  args: string,
  { mesg = 'y', env = {} }: { mesg?: 'y' | 'n'; env?: Record<string, string> } = {},
): Promise<Pty> {
  const permission = mesg === 'y' ? 'g+w' : 'g-w'
  const pty = new Pty(
    ['sh', '-c', `chmod ${permission} "$(tty)"; "${executable()}" reserve ${args}; exec cat`],
    { ...host.env, ...env },
    200,
  )
  await pty.shows(/^Reserved 1 GPU/m)
  return pty
}

describe('the holder of a manual reservation', () => {
  test('is warned once on the terminal when the time is nearly over', async () => {
    using pty = await reserveOnTerminal('--duration 2s', { env: { CANHAZGPU_EXPIRY_WARNING: '1s' } })
    await pty.shows(WARNING)
    await until(() => keepersOf(host).length === 0)
    expect(pty.text.match(new RegExp(WARNING, 'g'))).toHaveLength(1)
    expect(await isFree(host)).toBe(true)
  })

  test('is warned ten minutes before the end unless told otherwise', async () => {
    using _ = await reserveOnTerminal('')
    await until(() => keepersOf(host).some(sleepsInPoll))
    const [keeper = 0] = keepersOf(host)
    expect(commandLine(keeper)).toContain('warn-before=600000')
    expect(commandLine(keeper)).toContainEqual(expect.stringMatching(/^terminal=\/dev\/pts\/\d+$/))
  })

  test('is warned of the new end after extending, and not of the old one', async () => {
    using pty = await reserveOnTerminal('--duration 6s', { env: { CANHAZGPU_EXPIRY_WARNING: '1s' } })
    await until(() => keepersOf(host).some(sleepsInPoll))
    await host.canhazgpu('extend', '1s')
    await pty.shows(WARNING)
    await until(() => keepersOf(host).length === 0)
    expect(pty.text.match(new RegExp(WARNING, 'g'))).toHaveLength(1)
  })

  test('is not warned who has asked for less time than that', async () => {
    using pty = await reserveOnTerminal('--duration 2s')
    await until(() => keepersOf(host).length === 0)
    expect(pty.text).not.toContain('canhazgpu: ')
  })

  test('is not warned with mesg n', async () => {
    using pty = await reserveOnTerminal('--duration 2s', {
      mesg: 'n',
      env: { CANHAZGPU_EXPIRY_WARNING: '1s' },
    })
    await until(() => keepersOf(host).length === 0)
    expect(pty.text).not.toContain('canhazgpu: ')
  })

  test('may close the terminal: the keeper minds nothing and ends with the reservation', async () => {
    const pty = await reserveOnTerminal('--duration 5s', { env: { CANHAZGPU_EXPIRY_WARNING: '1s' } })
    await until(() => keepersOf(host).some(sleepsInPoll))
    pty[Symbol.dispose]()
    expect((await host.status())[0]).toContain('IN USE')
    await until(() => keepersOf(host).length === 0)
  })

  test('is left without a keeper when warnings are off, or there is no terminal', async () => {
    using pty = await reserveOnTerminal('', { env: { CANHAZGPU_EXPIRY_WARNING: 'false' } })
    await host.canhazgpu('reserve')
    expect(keepersOf(host)).toEqual([])
    expect(pty.text).toContain('Reserved 1 GPU')
  })

  test('is told of a setting that is none, before anything is reserved', async () => {
    const child = host.start(['reserve'], { env: { CANHAZGPU_EXPIRY_WARNING: 'soon' } })
    expect(await child.stderr.text()).toBe(
      'Error: Invalid value for CANHAZGPU_EXPIRY_WARNING: "soon". Use a duration up to 365d, or false, for example CANHAZGPU_EXPIRY_WARNING=30m\n',
    )
    expect(await child.exited).toBe(2)
    expect(await isFree(host)).toBe(true)
  })
})

describe('the keeper of a manual reservation', () => {
  test('sleeps, holds nothing of its caller, and ends soon after the release', async () => {
    using _ = await reserveOnTerminal('--short')
    await until(() => keepersOf(host).some(sleepsInPoll))
    const [keeper = 0] = keepersOf(host)
    const [parent, session, terminal] = [4, 6, 7].map(field => fieldOf(keeper, field))
    expect(terminal).toBe(0)
    const open = readdirSync(`/proc/${keeper}/fd`).map(fd => readlinkSync(`/proc/${keeper}/fd/${fd}`))
    // But for the connection on which it hears of updates.
    const others = open.filter(path => !/^(\/dev\/null|anon_inode:)/.test(path))
    expect(others).toEqual(isOnRedis ? [expect.stringMatching(/^socket:/)] : [])
    expect(session).not.toBe(fieldOf(process.pid, 6))
    expect(parent).not.toBe(process.pid)
    await host.canhazgpu('release')
    await until(() => keepersOf(host).length === 0)
  })

  test('looks at the pool at most once a second, however much happens there', async () => {
    using _ = await reserveOnTerminal('')
    await until(() => keepersOf(host).some(sleepsInPoll))
    const [keeper = 0] = keepersOf(host)
    const [begun, before] = [performance.now(), switchesOf(keeper)]
    for (let i = 0; i < 40; i++) await host.canhazgpu('extend', '1s')
    const seconds = (performance.now() - begun) / 1000
    // A look takes a few steps in and out of the kernel, and each update would take as many.
    expect(switchesOf(keeper) - before).toBeLessThan(20 * (seconds + 2))
  })

  test('ends when its reservation is cleared', async () => {
    using _ = await reserveOnTerminal('')
    await until(() => keepersOf(host).some(sleepsInPoll))
    await host.canhazgpu('admin', '--gpus', '2', '--force')
    await until(() => keepersOf(host).length === 0)
  })
})

/** A field of /proc/PID/stat, counted from its end, where no name disturbs. */
function fieldOf(pid: number, field: number): number {
  return Number(
    readFileSync(`/proc/${pid}/stat`, 'latin1')
      .split(' ')
      .at(field - 53),
  )
}

/** How often a process has gone to sleep by itself. */
function switchesOf(pid: number): number {
  return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}
