import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { canhazgpu, type Outcome } from '../helpers/executable.ts'
import { canMount, SmallFileSystem } from '../helpers/small-file-system.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

const FILES = ['pool.db', 'pool.db-lock', 'pool.db-shm', 'pool.db-wal']

describe.skipIf(!canMount || !canMakeUsers)('a pool on a disk', () => {
  const [alice] = makeUsers('alice')

  function at(disk: SmallFileSystem) {
    const path = join(disk.path, 'pool', 'pool.db')
    const env = { CANHAZGPU_STORE: `sqlite:${path}` }
    return {
      path,
      admin: () => canhazgpu(['admin', '--gpus', '8', '--provider', 'fake'], { env }),
      as: (uid: number, ...args: string[]): Promise<Outcome> => canhazgpu(args, { env, uid }),
    }
  }

  const heldIn = ({ stdout }: Outcome) => stdout.split('\n').filter(line => line.includes('IN USE')).length

  describe('that is full', () => {
    const refusal = (path: string) => ({
      status: 1,
      stdout: '',
      stderr: `Error: Cannot write the pool ${path}: the disk is full. Nothing was changed; free some space and try again\n`,
    })

    test.each([0, 1, 2, 3, 5])(
      'refuses what does not fit, after %d reservations, and shows the rest',
      async earlier => {
        using disk = new SmallFileSystem(400)
        const pool = at(disk)
        await pool.admin()
        for (let i = 0; i < earlier; i++) await pool.as(alice.uid, 'reserve')
        disk.fill()
        // Pages that the file system has given already can still be written.
        let taken = earlier
        let outcome = await pool.as(alice.uid, 'reserve')
        while (outcome.status === 0) {
          taken++
          outcome = await pool.as(alice.uid, 'reserve')
        }
        expect(outcome).toMatchObject(refusal(pool.path))
        for (const command of [
          ['reserve', '--gpus', '2'],
          ['run', '--', 'echo', 'must not run'],
        ]) {
          expect(await pool.as(alice.uid, ...command)).toMatchObject(refusal(pool.path))
        }
        for (const uid of [0, alice.uid]) {
          const status = await pool.as(uid, 'status')
          expect([status.status, status.stderr, heldIn(status)]).toEqual([0, '', taken])
        }
        disk.makeRoom()
        expect((await pool.as(alice.uid, 'reserve')).status).toBe(0)
        expect(heldIn(await pool.as(alice.uid, 'status'))).toBe(taken + 1)
      },
    )

    test('has no room for a new pool, keeps no half of one, and takes it later', async () => {
      using disk = new SmallFileSystem(400)
      const pool = at(disk)
      disk.fill()
      expect(await pool.admin()).toMatchObject(refusal(pool.path))
      expect(existsSync(pool.path)).toBe(false)
      disk.makeRoom()
      expect(await pool.admin()).toMatchObject({ status: 0, stdout: 'Initialized 8 GPUs (IDs 0 to 7)\n' })
      expect((await pool.as(alice.uid, 'reserve')).status).toBe(0)
    })

    test('with room for less than a pool keeps nothing that stands in the way of a whole one', async () => {
      for (let sizeKiB = 4; ; sizeKiB += 4) {
        using disk = new SmallFileSystem(sizeKiB)
        const pool = at(disk)
        const outcome = await pool.admin()
        if (outcome.status === 0) {
          expect(outcome.stdout).toBe('Initialized 8 GPUs (IDs 0 to 7)\n')
          break
        }
        expect([outcome.status, outcome.stdout]).toEqual([1, ''])
        expect(outcome.stderr).toMatch(/^Error: Cannot write the pool \S+: .*\bfull\b.*\n$/)
        const status = await pool.as(alice.uid, 'status')
        expect([status.status, status.stdout]).toEqual([1, ''])
        expect(status.stderr).toMatch(
          /^Error: (GPU pool is not initialized|Cannot read the pool \S+: .*full).*\n$/,
        )
        disk.growTo(400)
        expect(await pool.admin()).toMatchObject({ status: 0, stdout: 'Initialized 8 GPUs (IDs 0 to 7)\n' })
        expect((await pool.as(alice.uid, 'reserve')).status).toBe(0)
        expect(readdirSync(join(disk.path, 'pool')).sort()).toEqual(FILES)
      }
    })
  })

  describe('that is read-only', () => {
    test('refuses to be written and shows what is there', async () => {
      using disk = new SmallFileSystem(400)
      const pool = at(disk)
      await pool.admin()
      await pool.as(alice.uid, 'reserve', '--gpus', '2')
      disk.makeReadOnly()
      for (const uid of [0, alice.uid]) {
        const commands = [['reserve'], ['run', '--', 'echo', 'must not run']]
        for (const command of uid === 0 ? commands : [...commands, ['release']]) {
          const { status, stdout, stderr } = await pool.as(uid, ...command)
          expect([status, stdout]).toEqual([1, ''])
          expect(stderr).toMatch(
            /^Error: Cannot write the pool \S+: .*read-only.*\. Nothing was changed; .*mounted read-only\n$/,
          )
        }
        const status = await pool.as(uid, 'status')
        expect([status.status, status.stderr, heldIn(status)]).toEqual([0, '', 2])
      }
      disk.makeWritable()
      expect((await pool.as(alice.uid, 'release')).stdout).toBe('Released 2 GPU(s): [0, 1]\n')
    })

    test('takes no new pool', async () => {
      using disk = new SmallFileSystem(400)
      disk.makeReadOnly()
      const pool = at(disk)
      expect(await pool.admin()).toMatchObject({
        status: 1,
        stdout: '',
        stderr: `Error: Cannot create the pool ${pool.path}: its file system is read-only. Choose another place with --store sqlite:PATH\n`,
      })
    })
  })
})
