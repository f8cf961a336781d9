import { expect, test } from 'bun:test'
import { columnsOf } from '../../src/cli/output/columns.ts'
import { executable } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { Pty } from '../helpers/pty.ts'

/** What is on the line of a terminal where the cursor stands, after everything that was shown. */
function lastLine(text: string): string {
  return text.split('\n').at(-1)?.split('\x1b[K').at(-1) ?? ''
}

test('on a terminal, one line tells of the wait, is kept up to date, and makes room for the command', async () => {
  using host = await Host.withPool(1)
  await host.canhazgpu('reserve', '-u', 'bob', '--duration', '1h')
  using pty = new Pty([executable(), 'run', '--wait', '--', 'echo', 'mine'], host.env, 60)
  await pty.shows(/position 1, 1 of 1 missing/)
  const line = lastLine(pty.text)
  expect(line.length).toBeLessThan(60)
  expect(pty.text).not.toContain('\n')
  await host.canhazgpu('release')
  await pty.shows(/mine\n$/)
  expect(pty.text.slice(pty.text.indexOf(line) + line.length)).toBe('\x1b[KReserved 1 GPU(s): [0]\nmine\n')
  expect(await pty.end()).toEqual({ status: 0, signal: null })
})

test('a terminal has room for the end that is known: one of 80 columns, too', async () => {
  using host = await Host.withPool(1)
  await host.canhazgpu('reserve', '--duration', '1h')
  // Where it is noon: an end of tomorrow is longer.
  const env = { ...host.env, TZ: `NOON${new Date().getUTCHours() - 12}` }
  const rest = /position 1, 1 of 1 missing, held by .*, first known end .*\d\d:\d\d:\d\d/
  using narrow = new Pty([executable(), 'run', '--wait', '--', 'true'], env, 80)
  await narrow.shows(new RegExp(`^\\x1b\\[K${rest.source}$`))
  narrow.close()
  await narrow.end()
  using wide = new Pty([executable(), 'run', '--wait', '--', 'true'], env, 120)
  await wide.shows(new RegExp(`^\\x1b\\[KWaiting for 1 GPU\\(s\\): ${rest.source}$`))
})

test('on a terminal that is dumb, each change is a line of its own', async () => {
  using host = await Host.withPool(1)
  await host.canhazgpu('reserve', '-u', 'bob', '--duration', '1h')
  const env = { ...host.env, TERM: 'dumb' }
  using pty = new Pty([executable(), 'run', '--wait', '--', 'echo', 'mine'], env, 60)
  await pty.shows(/^Waiting for 1 GPU\(s\): position 1, .*\n$/)
  await host.canhazgpu('release')
  await pty.shows(/\nReserved 1 GPU\(s\): \[0\]\nmine\n$/)
  expect(pty.text).not.toContain('\x1b')
})

test('names in letters that are two columns wide do not make a second line', async () => {
  using host = await Host.withPool(1)
  await host.canhazgpu('reserve', '-u', '\u738b'.repeat(60), '--duration', '1h')
  using pty = new Pty([executable(), 'run', '--wait', '--', 'true'], host.env, 60)
  await pty.shows(/held by \u738b/)
  expect(columnsOf(lastLine(pty.text))).toBeLessThan(60)
})

test('Ctrl-C and a closed window leave the line', async () => {
  using host = await Host.withPool(1)
  await host.canhazgpu('reserve')
  using first = new Pty([executable(), 'run', '--wait', '--', 'true'], host.env)
  await first.shows(/position 1/)
  using second = new Pty([executable(), 'run', '--wait', '--', 'true'], host.env)
  await second.shows(/position 2/)
  first.type('\x03')
  expect(await first.end()).toEqual({ status: null, signal: 'SIGINT' })
  await second.shows(/position 1/)
  second.close()
  await second.end()
  expect((await host.canhazgpu('queue')).stdout).toBe('Nobody is waiting\n')
})
