import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'
import { modeOf } from '../helpers/pool-files.ts'
import { canSetKernelParameters, protectRegularFiles } from '../helpers/protected-regular.ts'
import { canMakeUsers, makeUsers, type User } from '../helpers/users.ts'

describe.skipIf(!canMakeUsers || !canSetKernelParameters)("root's pool, with everybody's umask 077", () => {
  protectRegularFiles()
  const users = makeUsers('alice', 'bob', 'carol')
  const [alice, bob, carol] = users

  let host: Host
  beforeEach(async () => {
    host = new Host(6)
    expect((await as(null, 'admin --gpus 6')).stdout).toBe('Initialized 6 GPUs (IDs 0 to 5)\n')
  })
  afterEach(() => host[Symbol.dispose]())

  /** Runs a command of canhazgpu as somebody (null: root) who lets nobody read their files. */
  function as(user: User | null, command: string): Promise<Outcome> {
    const script = `umask 077; exec "$C" ${command}`
    return host.shell(script, user === null ? {} : { uid: user.uid })
  }

  test.each([
    ['root first', [null, ...users]],
    ['root last', [...users, null]],
    ['without root', [...users]],
  ])('is one pool for all: %s', async (_name, everybody) => {
    for (const [place, user] of everybody.entries()) {
      expect(await as(user, 'reserve')).toMatchObject({
        status: 0,
        stdout: expect.stringContaining(`Reserved 1 GPU(s): [${place}] `),
        stderr: '',
      })
    }
    for (const user of everybody) {
      const { stdout } = await as(user, 'status')
      const holders = [...stdout.matchAll(/IN USE by (\S+)/g)].map(([, holder]) => holder)
      expect(holders).toEqual(everybody.map(other => other?.name ?? 'root'))
    }
    for (const [place, user] of everybody.entries()) {
      expect((await as(user, 'release')).stdout).toBe(`Released 1 GPU(s): [${place}]\n`)
    }
    expect(
      readdirSync(join(host.poolPath, '..')).map(name => modeOf(join(host.poolPath, '..', name))),
    ).toEqual(Array(4).fill('0666'))
  })

  test('is used by all three at once, also while a run of each begins and ends', async () => {
    const rounds = users.map(async user => {
      for (let round = 0; round < 5; round++) {
        for (const command of ['reserve', 'run -- true', 'status', 'release']) {
          const { status, stderr } = await as(user, command)
          expect([command, status]).toEqual([command, 0])
          expect(stderr.replace(/^Reserved 1 GPU\(s\): \[\d\]\n$/, '')).toBe('')
        }
      }
    })
    await Promise.all(rounds)
    expect((await as(alice, 'status')).stdout).not.toContain('manual')
  })

  test('cannot be deleted, replaced or made anew by one of them, who is told so', async () => {
    await as(alice, 'reserve')
    const before = (await as(carol, 'status')).stdout
    for (const attempt of [
      `rm -f ${host.poolPath}`,
      `mv ${host.poolPath} ${host.poolPath}.old`,
      `: > ${host.poolPath}-new`,
      '"$C" admin --gpus 6 --force',
    ]) {
      const { status, stderr } = await host.shell(attempt, { uid: bob.uid })
      expect([attempt, status]).toEqual([attempt, 1])
      expect(stderr).toMatch(/[Pp]ermission denied|^Error: Only root may reinitialize the pool .*\n$/)
    }
    expect(withoutTimes((await as(carol, 'status')).stdout)).toBe(withoutTimes(before))
  })
})

function withoutTimes(text: string): string {
  return text.replace(/\d+h \d+m \d+s/g, 'TIME')
}
