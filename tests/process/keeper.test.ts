import { describe, expect, test } from 'bun:test'
import type { ProcessIdentity } from '../../src/core/pool.ts'
import type { Rhythm } from '../../src/process/keeper.ts'
import { ChildProcess, identityOf, sleepsInPoll, stateOf } from '../helpers/child-process.ts'
import { program } from '../helpers/programs.ts'
import { until } from '../helpers/until.ts'

const sleep = ['sleep', '600']
/** An hour: no heartbeat during a test. */
const SELDOM: Rhythm = { heartbeatIntervalMs: 3_600_000, releaseAttempts: 3, firstPauseMs: 1 }
const OFTEN: Rhythm = { ...SELDOM, heartbeatIntervalMs: 20 }

/** A keeper in a process of its own, and what it has done so far; see helpers/programs/keeper.ts. */
async function startKeeper(
  identity: ProcessIdentity | ProcessIdentity[],
  rhythm: Rhythm,
  answers: readonly (boolean | 'fails')[] = [],
  wrapper: readonly string[] = [],
) {
  const { command, env } = await program('keeper')
  const words = [[identity].flat(), rhythm, answers].map(value => JSON.stringify(value))
  const child = Bun.spawn([...wrapper, ...command, ...words], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const done: string[] = []
  const ended = (async () => {
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of child.stdout) {
      text += decoder.decode(chunk, { stream: true })
      done.splice(0, done.length, ...text.split('\n').slice(0, -1))
    }
    await child.exited
    return done
  })()
  return {
    done,
    ended,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

describe('a keeper', () => {
  test('sleeps in the kernel until its process ends, then releases, and ends itself', async () => {
    await using child = new ChildProcess(sleep)
    await using keeper = await startKeeper(identityOf(child.pid), SELDOM)
    await until(() => sleepsInPoll(keeper.pid))
    await child.kill()
    expect(await keeper.ended).toEqual(['release', 'end'])
  })

  test('records heartbeats while its process lives', async () => {
    await using child = new ChildProcess(sleep)
    await using keeper = await startKeeper(identityOf(child.pid), OFTEN)
    await until(() => keeper.done.length >= 3)
    await child.kill()
    const done = await keeper.ended
    expect(done.slice(-2)).toEqual(['release', 'end'])
    expect(new Set(done.slice(0, -2))).toEqual(new Set(['heartbeat']))
  })

  test('records heartbeats while its process is stopped', async () => {
    await using child = new ChildProcess(sleep)
    await child.signal('SIGSTOP', 'T')
    await using keeper = await startKeeper(identityOf(child.pid), OFTEN)
    await until(() => keeper.done.length >= 3)
    expect(keeper.done).not.toContain('release')
  })

  test('goes on when a heartbeat cannot be recorded', async () => {
    await using child = new ChildProcess(sleep)
    await using keeper = await startKeeper(identityOf(child.pid), OFTEN, ['fails', 'fails', true, 'fails'])
    await until(() => keeper.done.length >= 6)
    expect(keeper.done).not.toContain('release')
  })

  test('ends without a release when its reservation has been taken away', async () => {
    await using child = new ChildProcess(sleep)
    await using keeper = await startKeeper(identityOf(child.pid), OFTEN, [true, false])
    expect(await keeper.ended).toEqual(['heartbeat', 'heartbeat', 'end'])
  })

  test('that was stopped and goes on does not miss the end', async () => {
    await using child = new ChildProcess(sleep)
    await using keeper = await startKeeper(identityOf(child.pid), SELDOM)
    await until(() => sleepsInPoll(keeper.pid))
    process.kill(keeper.pid, 'SIGSTOP')
    await until(() => stateOf(keeper.pid) === 'T')
    await child.kill()
    process.kill(keeper.pid, 'SIGCONT')
    expect(await keeper.ended).toEqual(['release', 'end'])
  })
})

describe('a keeper of several processes', () => {
  test('releases when the last of them has ended, in whatever order they end', async () => {
    const children = [1, 2, 3].map(() => new ChildProcess(sleep))
    await using keeper = await startKeeper(
      children.map(({ pid }) => identityOf(pid)),
      OFTEN,
    )
    for (const child of [children[1], children[0]]) {
      await child?.kill()
      const beats = keeper.done.length
      await until(() => keeper.done.length >= beats + 3)
      expect(keeper.done).not.toContain('release')
    }
    await children[2]?.kill()
    expect((await keeper.ended).slice(-2)).toEqual(['release', 'end'])
  })

  test('sleeps in the kernel while one of them lives and the others have ended', async () => {
    await using last = new ChildProcess(sleep)
    const first = new ChildProcess(sleep)
    await using keeper = await startKeeper([identityOf(first.pid), identityOf(last.pid)], SELDOM)
    await until(() => sleepsInPoll(keeper.pid))
    await first.kill()
    // One that went round and round would be seen awake.
    let asleep = 0
    await until(() => {
      asleep = sleepsInPoll(keeper.pid) ? asleep + 1 : 0
      return asleep >= 30
    })
    await last.kill()
    expect(await keeper.ended).toEqual(['release', 'end'])
  })
})

describe('a keeper releases at once', () => {
  test('when its process has ended before it came to look', async () => {
    const child = new ChildProcess(sleep)
    const identity = identityOf(child.pid)
    await child.kill()
    await using keeper = await startKeeper(identity, SELDOM)
    expect(await keeper.ended).toEqual(['release', 'end'])
  })

  test('when another process has the pid by now', async () => {
    await using child = new ChildProcess(sleep)
    const { startTicks, ...identity } = identityOf(child.pid)
    await using keeper = await startKeeper({ ...identity, startTicks: startTicks - 1 }, SELDOM)
    expect(await keeper.ended).toEqual(['release', 'end'])
  })

  test('when its process is a zombie that nobody waits for', async () => {
    await using parent = new ChildProcess(['sh', '-c', 'sleep 600 & echo $!; exec sleep 600'])
    const pid = Number(await parent.firstLine())
    await using keeper = await startKeeper(identityOf(pid), SELDOM)
    await until(() => sleepsInPoll(keeper.pid))
    process.kill(pid, 'SIGKILL')
    expect(await keeper.ended).toEqual(['release', 'end'])
    expect(stateOf(pid)).toBe('Z')
  })
})

test('a keeper stays while only the first thread of its process has ended', async () => {
  const { command, env } = await program('processes')
  await using child = new ChildProcess([...command, 'endFirstThread'], { env })
  const identity = JSON.parse(await child.firstLine()) as ProcessIdentity
  await until(() => stateOf(child.pid) === 'Z')
  await using keeper = await startKeeper(identity, OFTEN)
  await until(() => keeper.done.length >= 3)
  expect(keeper.done).not.toContain('release')
  await child.kill()
  expect((await keeper.ended).slice(-2)).toEqual(['release', 'end'])
})

describe('a release that fails', () => {
  test.each([
    ['is tried again until it succeeds', ['fails', 'fails'], 3],
    ['is given up after the attempts', ['fails', 'fails', 'fails', 'fails'], 3],
  ] as const)('%s', async (_, answers, attempts) => {
    const child = new ChildProcess(sleep)
    const identity = identityOf(child.pid)
    await child.kill()
    await using keeper = await startKeeper(identity, SELDOM, answers)
    expect(await keeper.ended).toEqual([...Array<string>(attempts).fill('release'), 'end'])
  })
})

test.skipIf(Bun.which('strace') === null)(
  'a keeper does all of this where the kernel has no pidfd',
  async () => {
    const without = ['strace', '--follow-forks', '--output=/dev/null', '--inject=pidfd_open:error=ENOSYS']
    await using child = new ChildProcess(sleep)
    await using keeper = await startKeeper(identityOf(child.pid), OFTEN, [], without)
    await until(() => keeper.done.length >= 2)
    await child.kill()
    expect((await keeper.ended).slice(-2)).toEqual(['release', 'end'])
  },
)
