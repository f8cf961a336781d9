import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownIdentity } from '../src/process/identity.ts'
import { openStore } from '../src/store/open.ts'
import { canhazgpu } from './helpers/executable.ts'
import { Host } from './helpers/host.ts'
import { idleProcesses } from './helpers/idle-processes.ts'
import { aManual, aRun, HOUR, MINUTE, SECOND } from './helpers/pools.ts'
import { canMakeUsers, makeUsers } from './helpers/users.ts'

/** The lines of the specification that show what the program prints, copied from it and not to be changed here. */
const HELP = `Usage: canhazgpu [OPTIONS] COMMAND [ARGS]...

Commands:
  admin    Initialize GPU pool for this machine
  release  Release all manually reserved GPUs held by the current user
  reserve  Reserve GPUs manually for a specified duration
  run      Reserve GPUs and run a command with CUDA_VISIBLE_DEVICES set
  status   Show current GPU allocation status
`
const STATUS = `GPU 0: AVAILABLE (last released 0h 30m 15s ago) [validated: 45MB used]
GPU 1: IN USE by alice for 0h 15m 30s (run, last heartbeat 0h 0m 5s ago) [validated: 8452MB, 1 processes]
GPU 2: IN USE WITHOUT RESERVATION by user bob - 1024MB used by PID 12345 (python3), PID 67890 (jupyter)
GPU 3: IN USE by charlie for 1h 2m 15s (manual, expires in 3h 15m 45s) [validated: no actual usage detected]
`
const REFUSAL =
  "Error: Not enough GPUs available. Requested: 2, Available: 1 (1 GPUs in use without reservation - run 'canhazgpu status' for details)\n"
const RELEASED = 'Released 2 GPU(s): [1, 3]\n'
const NOTHING_TO_RELEASE = 'No manually reserved GPUs found for current user\n'

const idleProcess = idleProcesses()

test('the help screen begins with the specification’s', async () => {
  const { status, stdout, stderr } = await canhazgpu(['--help'])
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toStartWith(HELP)
  // Whatever comes behind it is set apart by an empty line.
  expect(stdout.slice(HELP.length)).toMatch(/^(\n[A-Z]|$)/)
})

describe.skipIf(!canMakeUsers)('with a user who asks for nothing', () => {
  const [bob] = makeUsers('bob')

  test('the four forms of status are the specification’s', async () => {
    const [python, jupyter] = [idleProcess(bob), idleProcess(bob)]
    using host = await Host.withPool([
      { memoryUsed: 45 },
      { memoryUsed: 8452, apps: [{ pid: process.pid }] },
      { memoryUsed: 1024, apps: [{ pid: python }, { pid: jupyter, name: '/opt/conda/bin/jupyter' }] },
      {},
    ])
    const expected = STATUS.replace('bob', bob.name)
      .replace('12345', String(python))
      .replace('67890', String(jupyter))
    expect(await statusWithinHalfASecond(host)).toBe(expected)
  })
})

test('the refusal of run is the specification’s', async () => {
  using host = await Host.withPool([{ memoryUsed: 1024, apps: [{ pid: process.pid }] }, {}])
  const python = join(host.nvidiaSmi.directory, 'python')
  writeFileSync(python, '#!/bin/sh\necho must not run\n', { mode: 0o755 })
  const { stdout, stderr } = await host.canhazgpu('run', '--gpus', '2', '--', 'python', 'train.py')
  expect([stdout, stderr]).toEqual(['', REFUSAL])
})

test('both answers of release are the specification’s', async () => {
  using host = await Host.withPool([{ memoryUsed: 500 }, {}, { memoryUsed: 500 }, {}])
  await host.canhazgpu('reserve', '--gpus', '2')
  expect(await host.canhazgpu('release')).toMatchObject({ status: 0, stdout: RELEASED, stderr: '' })
  expect(await host.canhazgpu('release')).toMatchObject({ status: 0, stdout: NOTHING_TO_RELEASE, stderr: '' })
})

/** Status of the pool that the specification shows, asked so quickly that no second has passed. */
async function statusWithinHalfASecond(host: Host): Promise<string> {
  for (;;) {
    const now = Date.now()
    await writeSpecifiedPool(host, now)
    const { status, stdout, stderr } = await host.canhazgpu('status')
    if (Date.now() - now > 500) continue
    expect([status, stderr]).toEqual([0, ''])
    return stdout
  }
}

async function writeSpecifiedPool(host: Host, now: number): Promise<void> {
  const store = await openStore(`sqlite:${host.poolPath}`, 'write')
  await store.update(() => ({
    changes: [
      { kind: 'initialize', provider: 'nvidia', gpuCount: 4 },
      { kind: 'add', reservation: aManual({ id: 'gone', gpus: [0] }) },
      { kind: 'remove', id: 'gone', releasedAt: now - (30 * MINUTE + 15 * SECOND) },
      {
        kind: 'add',
        reservation: aRun({
          holder: { uid: 1001, userName: 'alice' },
          gpus: [1],
          reservedAt: now - (15 * MINUTE + 30 * SECOND),
          heartbeatAt: now - 5 * SECOND,
          processes: [ownIdentity()],
        }),
      },
      {
        kind: 'add',
        reservation: aManual({
          holder: { uid: 1003, userName: 'charlie' },
          gpus: [3],
          reservedAt: now - (HOUR + 2 * MINUTE + 15 * SECOND),
          // Half a second more than is shown: a begun second does not count.
          expiresAt: now + 3 * HOUR + 15 * MINUTE + 45.5 * SECOND,
        }),
      },
    ],
    result: undefined,
  }))
  store.close()
}
