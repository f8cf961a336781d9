import { constants, Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { Host } from '../helpers/host.ts'

const commands = (count: number) =>
  `for i in $(seq ${count}); do "$C" reserve > /dev/null && "$C" release > /dev/null || echo "failed: $?"; done`

function walSize({ poolPath }: Host): number {
  return statSync(`${poolPath}-wal`).size
}

test('the -wal stays small, however many commands come one after the other', async () => {
  using host = await Host.withPool(2)
  const { stdout, stderr } = await host.shell(commands(30))
  expect([stdout, stderr]).toEqual(['', ''])
  expect(walSize(host)).toBeLessThan(100_000)
  expect((await host.shell(`sqlite3 ${host.poolPath} 'PRAGMA integrity_check'`)).stdout).toBe('ok\n')
})

test('a reader in the middle of reading keeps nobody waiting, and the -wal becomes small when it has gone', async () => {
  using host = await Host.withPool(2)
  using reader = new Database(host.poolPath, { readonly: true })
  reader.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1)
  const count = () => reader.query('SELECT count(*) FROM event').values()
  reader.exec('BEGIN')
  expect(count()).toEqual([[1]])
  const start = performance.now()
  expect(await host.shell(commands(20))).toMatchObject({ stdout: '', stderr: '' })
  // Those who waited for the reader would do so for 5 seconds each.
  expect(performance.now() - start).toBeLessThan(60_000)
  expect(count()).toEqual([[1]])
  expect(walSize(host)).toBeGreaterThan(100_000)
  reader.exec('COMMIT')
  await host.shell(commands(12))
  expect(walSize(host)).toBeLessThan(100_000)
})
