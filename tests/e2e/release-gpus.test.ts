import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Reservation } from '../../src/core/pool.ts'
import { openStore } from '../../src/store/open.ts'
import { ChildProcess, identityOf, stateOf } from '../helpers/child-process.ts'
import { executable } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { aRun } from '../helpers/pools.ts'
import { Pty } from '../helpers/pty.ts'
import { Running } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers, ownName } from '../helpers/users.ts'

let host: Host
beforeEach(async () => {
  host = await Host.withPool(4)
})
afterEach(() => host[Symbol.dispose]())

/** Starts a run of a shell script, and waits until it has printed its first line. */
async function job(script: string, { gpus = '0', uid }: { gpus?: string; uid?: number } = {}) {
  const child = host.start(
    ['run', '--gpu-ids', gpus, '--', 'sh', '-c', script],
    uid === undefined ? {} : { uid },
  )
  await child.stdout.getReader().read()
  return child
}

function isGone(pid: number): boolean {
  return ['Z', ''].includes(stateOf(pid))
}

/** Writes a reservation into the pool as it is. */
async function add(reservation: Reservation): Promise<void> {
  const store = await openStore(host.storeUrl, 'write')
  await store.update(() => ({ changes: [{ kind: 'add', reservation }], result: undefined }))
  store.close()
}

/** What the log says of reservations since the first one. */
async function events(): Promise<string[]> {
  const store = await openStore(host.storeUrl, 'read')
  const all = await store.events({ after: 1, limit: 100 })
  store.close()
  return all.map(
    ({ event: { kind, holder, by } }) => `${kind} ${holder.userName}${by ? ` by ${by.userName}` : ''}`,
  )
}

const inUse = async () =>
  (await host.status()).filter(line => line.includes('IN USE')).map(line => line.slice(0, 5))

describe('release -G of what was reserved by hand', () => {
  test('gives back just that, without a question', async () => {
    await host.canhazgpu('reserve', '-G', '0')
    await host.canhazgpu('reserve', '-G', '2')
    expect(await host.canhazgpu('release', '-G', '2,3')).toMatchObject({
      status: 0,
      stdout: 'Released 1 GPU(s): [2]\n',
      stderr: 'Ends your manual reservation of GPU(s) [2]\nNot reserved: [3]\n',
    })
    expect(await inUse()).toEqual(['GPU 0'])
  })

  test('asks before it ends a reservation of more GPUs than were named, and without a terminal needs --yes', async () => {
    await host.canhazgpu('reserve', '-G', '0-2')
    const notice = 'Ends your manual reservation of GPU(s) [0, 1, 2]\n'
    expect(await host.canhazgpu('release', '-G', '1')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: `${notice}Error: There is no terminal to ask on, so nothing was released. To do it all the same, add --yes\n`,
    })
    expect(await inUse()).toHaveLength(3)
    expect(await host.canhazgpu('release', '-G', '1', '--yes')).toMatchObject({
      status: 0,
      stdout: 'Released 3 GPU(s): [0, 1, 2]\n',
      stderr: notice,
    })
  })

  test('finds nothing on GPUs that nobody has reserved', async () => {
    expect(await host.canhazgpu('release', '-G', '1-2')).toMatchObject({
      status: 0,
      stdout: 'No reserved GPUs found among [1, 2]\n',
      stderr: '',
    })
    expect(await host.canhazgpu('release', '-G', '4')).toMatchObject({
      status: 1,
      stderr: 'Error: GPU 4 is not in the pool. Use IDs 0 to 3\n',
    })
  })
})

describe('release -G of a run', () => {
  test('says what it will do, ends the command, and gives its GPUs back', async () => {
    const run = await job('echo on; exec sleep 601', { gpus: '1,3' })
    const notice = `Ends your run reservation of GPU(s) [1, 3] and its command, PID ${run.pid} (sleep 601): SIGTERM, and SIGKILL after 0h 0m 30s\n`
    const refused = await host.canhazgpu('release', '-G', '3')
    expect([refused.status, refused.stderr.startsWith(notice)]).toEqual([2, true])
    expect(isGone(run.pid)).toBe(false)
    expect(await host.canhazgpu('release', '-G', '3', '-y')).toMatchObject({
      status: 0,
      stdout: 'Released 2 GPU(s): [1, 3]\n',
      stderr: notice,
    })
    await run.exited
    expect(String(run.signalCode)).toBe('SIGTERM')
    expect(await inUse()).toEqual([])
    expect(await events()).toEqual([`reserved ${ownName}`, `released ${ownName}`, `finished ${ownName}`])
  })

  test('lets a command clean up, and kills one that does not end within the grace', async () => {
    const [saved, deaf] = [join(host.directory.path, 'saved'), 'while :; do sleep 0.05; done']
    await job(`trap "touch ${saved}; exit" TERM; echo on; ${deaf}`, { gpus: '0' })
    const stubborn = await job(`trap "" TERM; echo on; ${deaf}`, { gpus: '1' })
    const { stdout } = await host.canhazgpu('release', '-G', '0,1', '--yes', '--grace', '0.5s')
    expect(stdout).toBe('Released 2 GPU(s): [0, 1]\n')
    expect(existsSync(saved)).toBe(true)
    await stubborn.exited
    expect(String(stubborn.signalCode)).toBe('SIGKILL')
  })

  test('ends a command that is stopped', async () => {
    const run = await job('echo on; exec sleep 602')
    run.kill('SIGSTOP')
    await until(() => stateOf(run.pid) === 'T')
    expect((await host.canhazgpu('release', '-G', '0', '--yes')).stdout).toBe('Released 1 GPU(s): [0]\n')
    await run.exited
    expect(String(run.signalCode)).toBe('SIGTERM')
  })

  test('ends its children too, and not the script that it is a part of', async () => {
    const [child, rest] = [join(host.directory.path, 'child'), join(host.directory.path, 'rest')]
    const script = `"$C" run -G 0 -- sh -c 'sleep 603 & echo $! > ${child}; wait'; echo $? > ${rest}`
    const done = host.shell(script)
    await until(() => existsSync(child) && readFileSync(child, 'utf8').endsWith('\n'))
    await host.canhazgpu('release', '-G', '0', '--yes')
    await done
    expect(readFileSync(rest, 'utf8')).toBe('143\n')
    await until(() => isGone(Number(readFileSync(child, 'utf8'))))
  })

  test('ends its whole process group where that is its own', async () => {
    const child = join(host.directory.path, 'child')
    // Its parent ends at once: only the group knows of it.
    const script = `setsid "$C" run -G 0 -- sh -c '(sleep 604 & echo $! > ${child}); exec sleep 605'`
    const done = host.shell(script)
    await until(() => existsSync(child) && readFileSync(child, 'utf8').endsWith('\n'))
    await host.canhazgpu('release', '-G', '0', '--yes')
    await done
    await until(() => isGone(Number(readFileSync(child, 'utf8'))))
  })

  test('needs no question where the command is dead, and nobody has noticed yet', async () => {
    await using run = await Running.start(host)
    await run.killKeeper()
    await run.kill()
    expect(await host.canhazgpu('release', '-G', '0')).toMatchObject({
      status: 0,
      stdout: 'Released 1 GPU(s): [0]\n',
      stderr: `Your run reservation of GPU(s) [0] is over: PID ${run.pid} is gone\n`,
    })
    expect(await events()).toEqual([`reserved ${ownName}`, `reclaimed ${ownName}`])
  })

  test('of processes that were adopted lets them live', async () => {
    await using sleeper = new ChildProcess(['sleep', '607'])
    const adopted = { uid: process.getuid?.() ?? 0, userName: ownName }
    await add(
      aRun({ id: 'adopted', holder: adopted, heartbeatAt: Date.now(), processes: [identityOf(sleeper.pid)] }),
    )
    expect(await host.canhazgpu('release', '-G', '0', '--yes')).toMatchObject({
      stdout: 'Released 1 GPU(s): [0]\n',
      stderr: `Ends your run reservation of GPU(s) [0]; PID ${sleeper.pid} (sleep 607) was there before it and goes on\n`,
    })
    expect(isGone(sleeper.pid)).toBe(false)
    expect(await events()).toEqual([`released ${ownName}`])
  })

  test('in a container, which cannot be seen from here, ends the reservation and says so', async () => {
    const there = { ...identityOf(process.pid), pidNamespace: 'pid:[1]' }
    const holder = { uid: process.getuid?.() ?? 0, userName: ownName }
    await add(aRun({ id: 'there', holder, heartbeatAt: Date.now(), processes: [there] }))
    expect((await host.canhazgpu('release', '-G', '0')).status).toBe(2)
    const { stdout, stderr } = await host.canhazgpu('release', '-G', '0', '--yes')
    expect(stdout).toBe('Released 1 GPU(s): [0]\n')
    expect(stderr).toBe(
      `Ends your run reservation of GPU(s) [0]; PID ${process.pid} cannot be seen from here, and goes on if it still runs\n`,
    )
  })
})

describe('release -G on a terminal', () => {
  test.each([
    ['y', 'Released 1 GPU(s): [0]', 0],
    ['Yes', 'Released 1 GPU(s): [0]', 0],
    ['', 'Nothing was released', 1],
    ['n', 'Nothing was released', 1],
  ])('asks, and answers %j with: %s', async (answer, shown, status) => {
    const run = await job('echo on; exec sleep 608')
    using pty = new Pty([executable(), 'release', '-G', '0'], host.env)
    await pty.shows(/Ends your run reservation[\s\S]*Go on\? \[y\/N\] $/)
    pty.type(`${answer}\n`)
    await pty.shows(new RegExp(shown.replace(/[()[\]]/g, '\\$&')))
    expect((await pty.end()).status).toBe(status)
    expect(await inUse()).toHaveLength(status)
    run.kill('SIGKILL')
    await run.exited
  })

  test('does nothing when the question is interrupted or nobody types', async () => {
    const run = await job('echo on; exec sleep 609')
    for (const key of ['\x03', '\x04']) {
      using pty = new Pty([executable(), 'release', '-G', '0'], host.env)
      await pty.shows(/Go on\? \[y\/N\] $/)
      pty.type(key)
      await pty.end()
    }
    expect(await inUse()).toHaveLength(1)
    run.kill('SIGKILL')
    await run.exited
  })
})

describe.skipIf(!canMakeUsers)('release -G among users', () => {
  const [alice, bob] = makeUsers('alice', 'bob')

  test("never touches another's, and names who has it", async () => {
    await host.canhazgpuAs(alice.uid, 'reserve', '-G', '0')
    const run = await job('echo on; exec sleep 610', { gpus: '1', uid: bob.uid })
    expect(await host.canhazgpuAs(alice.uid, 'release', '-G', '0,1', '--yes')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: `Error: GPU 1 is reserved by ${bob.name}. Only ${bob.name} or root may release it; nothing was released\n`,
    })
    expect(await inUse()).toEqual(['GPU 0', 'GPU 1'])
    expect((await host.canhazgpuAs(bob.uid, 'release', '-G', '1', '--yes')).stdout).toBe(
      'Released 1 GPU(s): [1]\n',
    )
    await run.exited
  })

  test("lets root end anybody's, says whose, and keeps in the log that root did", async () => {
    await host.canhazgpuAs(alice.uid, 'reserve', '-G', '0')
    const run = await job('echo on; exec sleep 611', { gpus: '1', uid: bob.uid })
    const notices = `Ends ${alice.name}'s manual reservation of GPU(s) [0]\nEnds ${bob.name}'s run reservation of GPU(s) [1] and its command, PID ${run.pid} (sleep 611): SIGTERM`
    const refused = await host.canhazgpu('release', '-G', '0')
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringContaining(`Ends ${alice.name}'s manual`),
    ])
    const { stdout, stderr } = await host.canhazgpu('release', '-G', '0-1', '--yes')
    expect([stdout, stderr.slice(0, notices.length)]).toEqual(['Released 2 GPU(s): [0, 1]\n', notices])
    await run.exited
    expect((await events()).slice(2)).toEqual([
      `released ${alice.name} by root`,
      `released ${bob.name} by root`,
      `finished ${bob.name}`,
    ])
  })

  test('leaves the GPUs of a command reserved that has become root’s and cannot be ended', async () => {
    await using sleeper = new ChildProcess(['sleep', '612'], {
      env: { PATH: '/bin', CANHAZGPU_RESERVATION: 'sudo' },
    })
    const processes = [identityOf(sleeper.pid)]
    const holder = { uid: alice.uid, userName: alice.name }
    await add(aRun({ id: 'sudo', holder, gpus: [2], heartbeatAt: Date.now(), processes }))
    const { status, stderr } = await host.canhazgpuAs(alice.uid, 'release', '-G', '2', '--yes')
    expect([status, stderr.split('\n').at(-2)]).toEqual([
      1,
      `Error: PID ${sleeper.pid} is not yours to end, so GPU(s) [2] stay reserved. Use sudo, or ask whoever started it`,
    ])
    expect(isGone(sleeper.pid)).toBe(false)
    expect(await inUse()).toEqual(['GPU 2'])
  })
})
