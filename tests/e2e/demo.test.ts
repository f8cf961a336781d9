import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { outcome, start } from '../helpers/executable.ts'
import { Host } from '../helpers/host.ts'

/** What `npm start` prints on a host. */
async function demo(host: Host): Promise<string> {
  const cwd = join(import.meta.dir, '../..')
  const { status, stdout, stderr } = await outcome(
    start([process.execPath, 'scripts/start.ts'], { env: host.env, cwd }),
  )
  expect([status, stderr.replaceAll(/^.*(Reserved|simulated).*\n/gm, '')]).toEqual([0, ''])
  return stdout
}

test('npm start shows the main job on the GPUs of this machine', async () => {
  using host = new Host(2)
  const shown = await demo(host)
  expect(shown).toContain('my GPUs: 0\n')
  expect(shown).toContain('Released 1 GPU(s): [')
  expect(shown).not.toContain('simulate')
})

test('npm start simulates GPUs, and says why, where all of this machine are in use', async () => {
  using host = new Host([{ memoryUsed: 9000 }, { apps: [{ pid: process.pid }] }])
  const shown = await demo(host)
  expect(shown).toContain('GPU 1: IN USE WITHOUT RESERVATION by user')
  expect(shown).toContain('\nEvery GPU of this machine is in use just now, so what follows simulates some.\n')
  expect(shown).toContain('my GPUs: 0\n')
})
