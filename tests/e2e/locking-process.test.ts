import { describe, expect, test } from 'bun:test'
import { start } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { until } from '../helpers/until.ts'
import { canMakeUsers, makeUsers, type User } from '../helpers/users.ts'

/** A process that keeps the pool to itself. */
interface LockingProcess {
  readonly pid: number
  end(): Promise<void>
}

/** Holds SQLite's own lock, as a forgotten tool does. */
async function holdWithSqlite(host: Host, { uid }: User): Promise<LockingProcess> {
  const tool = Bun.spawn(['sqlite3', host.poolPath], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: '/',
    uid,
    gid: uid,
  })
  tool.stdin.write("BEGIN IMMEDIATE;\nSELECT 'held';\n")
  await tool.stdin.flush()
  const { value } = await tool.stdout.getReader().read()
  expect(new TextDecoder().decode(value)).toBe('held\n')
  return { pid: tool.pid, end: () => killed(tool) }
}

/** Holds the line in front of it, as a stopped command does. */
async function holdLine(host: Host, { uid }: User): Promise<LockingProcess> {
  const locking = start(['flock', '--no-fork', `${host.poolPath}-lock`, 'sleep', '600'], { uid })
  await until(() => Bun.spawnSync(['flock', '-n', `${host.poolPath}-lock`, 'true']).exitCode === 1)
  return { pid: locking.pid, end: () => killed(locking) }
}

async function killed(child: Bun.Subprocess): Promise<void> {
  child.kill('SIGKILL')
  await child.exited
}

describe.skipIf(!canMakeUsers)('a process that holds the lock of the pool', () => {
  const [alice, bob, carol] = makeUsers('alice', 'bob', 'carol')

  const KINDS = [
    { hold: holdWithSqlite, command: 'sqlite3' },
    { hold: holdLine, command: 'sleep' },
  ]

  test('is named after 5 s with its pid, user and command, while status works at once', async () => {
    await Promise.all(
      KINDS.map(async ({ hold, command }) => {
        using host = await Host.withPool(2)
        const locking = await hold(host, bob)
        const waiting = host.start(['reserve'], { uid: alice.uid })
        const running = host.start(['run', '--', 'echo', 'must not run'], { uid: carol.uid })
        const { status, stdout, stderr } = await host.canhazgpuAs(carol.uid, 'status')
        expect([status, stdout, stderr]).toEqual([0, 'GPU 0: AVAILABLE\nGPU 1: AVAILABLE\n', ''])
        expect(waiting.exitCode).toBeNull()
        for (const child of [waiting, running]) {
          expect(await child.stderr.text()).toBe(
            `Error: The pool ${host.poolPath} has been locked for 5s by PID ${locking.pid} (${command}) of user ${bob.name}. Try again, or end that process\n`,
          )
          expect(await child.stdout.text()).toBe('')
          expect(await child.exited).toBe(1)
        }
        await locking.end()
        expect((await host.canhazgpuAs(alice.uid, 'reserve')).stdout).toStartWith('Reserved 1 GPU(s): [0] ')
      }),
    )
  })

  test('lets those who wait have their turn when it ends', async () => {
    for (const { hold } of KINDS) {
      using host = await Host.withPool(3)
      const locking = await hold(host, bob)
      const waiting = [alice, bob, carol].map(({ uid }) => host.start(['reserve'], { uid }))
      await until(() => waiting.every(({ pid }) => waitsForLock(pid)))
      await locking.end()
      expect(await Promise.all(waiting.map(({ exited }) => exited))).toEqual([0, 0, 0])
      expect((await host.status()).every(line => line.includes('IN USE by chg-'))).toBe(true)
    }
  })
})

/** Whether a process sleeps in the line in front of the pool, or at its head for SQLite's lock. */
function waitsForLock(pid: number): boolean {
  const files = Bun.spawnSync(['ls', '-l', `/proc/${pid}/fd`]).stdout.toString()
  return files.includes('pool.db-lock')
}
