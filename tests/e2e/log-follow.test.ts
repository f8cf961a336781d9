import { afterAll, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { stateOf } from '../helpers/child-process.ts'
import { executable, outcome } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { Pty } from '../helpers/pty.ts'
import { Running } from '../helpers/running.ts'
import { until } from '../helpers/until.ts'

const started: ReturnType<Host['start']>[] = []
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  await Promise.all(started.map(child => child.exited))
})

/** `log --follow` behind a pipe, and what it has printed so far. */
function follow(host: Host, ...args: string[]) {
  const child = host.start(['log', '--follow', ...args])
  started.push(child)
  const printed = { text: '' }
  const reading = (async () => {
    for await (const chunk of child.stdout) printed.text += new TextDecoder().decode(chunk)
  })()
  return {
    child,
    reading,
    /** Waits until something is printed. */
    shows: (pattern: RegExp) => until(() => pattern.test(printed.text)),
    lines: () => printed.text.split('\n').slice(0, -1),
  }
}

test('log -f shows what other processes do, each once, and ends on SIGINT', async () => {
  using host = await Host.withPool(2)
  await host.canhazgpu('reserve')
  const { child, reading, shows, lines } = follow(host, '-n1')
  await shows(/reserved/)
  await host.canhazgpu('release')
  await shows(/released/)
  await host.canhazgpu('run', '--', 'true')
  await shows(/finished/)
  child.kill('SIGINT')
  await Promise.all([child.exited, reading])
  expect(lines().map(line => line.split(' ')[2])).toEqual(['reserved', 'released', 'reserved', 'finished'])
})

test('log -f shows an expiry and a crash when they happen, with nobody else about', async () => {
  using host = await Host.withPool(2)
  const { shows } = follow(host)
  await shows(/initialized/)
  await using running = await Running.start(host)
  await running.killKeeper()
  await running.kill()
  await shows(/reclaimed {4}.* - its process is gone/)
  await host.canhazgpu('reserve', '--duration', '1s')
  await shows(/expired/)
})

test('log -f calls a command finished whose keeper tells so, however quickly it looks', async () => {
  using host = await Host.withPool(1)
  const { shows, lines } = follow(host)
  await shows(/initialized/)
  for (let round = 1; round <= 10; round++) {
    await until(async () => (await host.canhazgpu('run', '--', 'true')).status === 0)
    await until(() => lines().filter(line => line.includes('finished')).length === round)
  }
  expect(lines().join('\n')).not.toContain('reclaimed')
})

test('log -f ends on Ctrl-C at a terminal', async () => {
  using host = await Host.withPool(1)
  using terminal = new Pty([executable(), 'log', '-f'], host.env)
  await terminal.shows(/initialized/)
  await host.canhazgpu('reserve')
  await terminal.shows(/reserved/)
  terminal.type('\x03')
  expect((await terminal.end()).signal).toBe('SIGINT')
})

test('log -f ends when its reader goes away, also when nothing happens any more', async () => {
  using host = await Host.withPool(1)
  const { stdout } = await host.shell('"$C" log -f | head -1; echo $PIPESTATUS')
  expect(stdout).toMatch(/^[^\n]* initialized [^\n]*\n0\n$/)
})

test('log -f -n0 shows only what comes', async () => {
  using host = await Host.withPool(1)
  const { child, shows, lines } = follow(host, '-n0', '--json')
  await until(() => stateOf(child.pid) === 'S' && sleeps(child.pid))
  await host.canhazgpu('reserve')
  await shows(/"reserved"/)
  expect(lines()).toHaveLength(1)
})

test('an idle log -f looks no more than once a second', async () => {
  using host = await Host.withPool(1)
  const { child, shows } = follow(host)
  await shows(/initialized/)
  const before = switches(child.pid)
  const start = performance.now()
  await until(() => performance.now() - start > 2000)
  // One for each second, and some of the runtime's own; polling would be hundreds.
  expect(switches(child.pid) - before).toBeLessThan(20)
})

test('log -f of a pool that is not there is refused', async () => {
  using host = new Host(1)
  const child = host.start(['log', '-f'])
  expect(await outcome(child)).toMatchObject({ status: 1, stdout: '' })
})

/** Whether the main thread sleeps in poll(2). */
function sleeps(pid: number): boolean {
  return /^(7|73) /.test(readFileSync(`/proc/${pid}/syscall`, 'latin1'))
}

/** How often the main thread of a process was woken. */
function switches(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1])
}
