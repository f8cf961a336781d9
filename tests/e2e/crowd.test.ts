import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import type { Outcome } from '../helpers/executable.ts'
import { Host, isOnRedis } from '../helpers/host.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

/** The GPUs that the winners among these were given. */
function gpusOf(outcomes: readonly Outcome[]): number[] {
  return outcomes
    .flatMap(({ stdout }) => /^Reserved \d+ GPU\(s\): \[(.*?)\]/.exec(stdout)?.[1]?.split(', ') ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

function countBy<T>(items: readonly T[], key: (item: T) => string | number): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(items, key)].map(([name, { length }]) => [String(name), length] as const),
  )
}

describe.skipIf(!canMakeUsers)('a crowd of three users', () => {
  const users = makeUsers('alice', 'bob', 'carol')
  const userOf = (place: number) => users[place % users.length]?.uid ?? 0

  test('of 200 processes on 64 GPUs: 64 win one each, 136 are refused, and nobody sees anything else', async () => {
    using host = new Host()
    await host.canhazgpu('admin', '--gpus', '64', '--provider', 'fake')
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, place) => host.canhazgpuAs(userOf(place), 'reserve')),
    )
    expect(countBy(outcomes, ({ status }) => status ?? 'killed')).toEqual({ 0: 64, 75: 136 })
    expect(gpusOf(outcomes)).toEqual(Array.from({ length: 64 }, (_, index) => index))
    expect(countBy(outcomes, ({ stderr }) => stderr)).toEqual({
      '': 64,
      "Error: Not enough GPUs available. Requested: 1, Available: 0 (64 GPUs reserved - run 'canhazgpu status' for details)\n": 136,
    })
    const winners = outcomes.filter(({ status }) => status === 0)
    for (const { stdout } of winners) {
      expect(stdout).toMatch(
        /^Reserved 1 GPU\(s\): \[(\d+)\] for 8h 0m 0s \(until [-\d: ]+\)\nexport CUDA_DEVICE_ORDER=PCI_BUS_ID\nexport CUDA_VISIBLE_DEVICES=\1\n$/,
      )
    }
    for (const { stdout } of outcomes.filter(({ status }) => status !== 0)) expect(stdout).toBe('')
    expect((await host.status()).filter(line => line.includes(': IN USE by chg-')).length).toBe(64)
  })

  test('that asks for three GPUs each gets whole threes, and the rest stays free', async () => {
    using host = await Host.withPool(16)
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, place) => host.canhazgpuAs(userOf(place), 'reserve', '--gpus', '3')),
    )
    expect(countBy(outcomes, ({ status }) => status ?? 'killed')).toEqual({ 0: 5, 75: 25 })
    expect(gpusOf(outcomes)).toEqual(Array.from({ length: 15 }, (_, index) => index))
    expect((await host.status())[15]).toBe('GPU 15: AVAILABLE')
  })

  test('that reserves and releases, and is killed at any moment, does not stop anybody', async () => {
    using host = new Host()
    await host.canhazgpu('admin', '--gpus', '6', '--provider', 'fake')
    /** Kills a command of the user after some time, from before it begins to after it has ended. */
    const killed = async (uid: number, delayMs: number) => {
      const child = host.start([delayMs % 3 === 0 ? 'release' : 'reserve'], { uid })
      await Bun.sleep(delayMs)
      child.kill('SIGKILL')
      await child.exited
    }
    const [killer, other] = [userOf(0), userOf(1)]
    for (let round = 0; round < 40; round++) {
      const [, outcome] = await Promise.all([
        killed(killer, round / 4),
        host.canhazgpuAs(other, round % 2 === 0 ? 'reserve' : 'release'),
      ])
      // The killed user may have taken all GPUs by now; anything else would be an error.
      expect([0, 75]).toContain(outcome.status ?? -1)
      if (outcome.status === 75) await host.canhazgpuAs(killer, 'release')
    }
    await Promise.all([killer, other].map(uid => host.canhazgpuAs(uid, 'release')))
    expect(gpusOf([await host.canhazgpu('reserve', '--gpus', '6')])).toEqual([0, 1, 2, 3, 4, 5])
    if (isOnRedis) return
    using db = new Database(host.poolPath, { readonly: true })
    expect(db.query('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
  })
})
