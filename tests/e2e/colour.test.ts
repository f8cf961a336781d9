import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { executable } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { idleProcesses } from '../helpers/idle-processes.ts'
import { Pty } from '../helpers/pty.ts'

const pid = idleProcesses()()
let host: Host
beforeAll(async () => {
  host = await Host.withPool([{ memoryUsed: 45 }, { memoryUsed: 1024, apps: [{ pid }] }])
})
afterAll(() => host[Symbol.dispose]())

/** What a command shows on a terminal. */
async function onTerminal(args: readonly string[], env: Record<string, string> = {}, columns = 80) {
  using pty = new Pty([executable(), ...args], { ...host.env, ...env }, columns)
  const end = await pty.end()
  expect(end).toEqual({ status: 0, signal: null })
  await pty.shows(/\n$/)
  return pty.text
}

const plain = (text: string) => text.replace(/\x1b\[\d*m/g, '')

test('status on a terminal colours the words that tell a state, and nothing else', async () => {
  const shown = await onTerminal(['status'])
  const piped = await host.canhazgpu('status')
  expect(plain(shown)).toBe(piped.stdout)
  expect(shown).toStartWith('GPU 0: \x1b[32mAVAILABLE\x1b[m [validated: 45MB used]\n')
  expect(shown).toContain('GPU 1: \x1b[31mIN USE WITHOUT RESERVATION\x1b[m by user ')
  expect(shown.match(/\x1b/g)).toBeArrayOfSize(4)
})

test('queue on a terminal colours how far a request is', async () => {
  const waiter = host.start(['reserve', '--gpus', '2', '--wait'])
  try {
    using pty = new Pty(['/bin/sh', '-c', 'until "$C" queue | grep -q waits; do :; done; "$C" queue'], {
      ...host.env,
      C: executable(),
    })
    await pty.shows(/missing/)
    expect(pty.text).toMatch(
      /^1\. \S+ waits for 2 GPU\(s\) for .*: \x1b\[33m1 of 2 missing\x1b\[m, 1 in use without/,
    )
  } finally {
    waiter.kill('SIGKILL')
    await waiter.exited
  }
})

describe('there is no colour', () => {
  test.each<[string, Record<string, string>]>([
    ['with NO_COLOR', { NO_COLOR: '1' }],
    ['with NO_COLOR that says 0', { NO_COLOR: '0' }],
    ['with TERM=dumb', { TERM: 'dumb' }],
    ['without TERM', { TERM: '' }],
  ])('on a terminal %s', async (_, env) => {
    const piped = await host.canhazgpu('status')
    expect(await onTerminal(['status'], env)).toBe(piped.stdout)
  })

  test('in a pipe or a file, whatever the environment wishes', async () => {
    const env = { TERM: 'xterm', FORCE_COLOR: '3', CLICOLOR_FORCE: '1' }
    const { stdout } = await host.shell('"$C" status; "$C" status > out; cat out', {
      env,
      cwd: host.directory.path,
    })
    expect(stdout).not.toContain('\x1b')
    expect(stdout).toContain('GPU 0: AVAILABLE')
  })

  test('in JSON or the summary, on a terminal neither', async () => {
    expect(await onTerminal(['status', '--summary'])).toBe('1/2 free, 1 in use without reservation\n')
    expect(await onTerminal(['status', '--json'])).not.toContain('\x1b')
  })
})

test('NO_COLOR that is empty is not set', async () => {
  expect(await onTerminal(['status'], { NO_COLOR: '' })).toContain('\x1b[32mAVAILABLE\x1b[m')
})

test('a terminal of 20 columns gets whole lines', async () => {
  const piped = await host.canhazgpu('status')
  expect(plain(await onTerminal(['status'], {}, 20))).toBe(piped.stdout)
})
