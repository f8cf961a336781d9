import { expect, test } from 'bun:test'
import { checkDriver } from '../../../src/cli/doctor/driver.ts'
import { ProbeFailedError } from '../../../src/core/errors.ts'
import { hostFacts } from '../../helpers/host-facts.ts'
import { idle } from '../../helpers/pools.ts'

test.each([
  ['was not found on PATH', 'install the NVIDIA driver'],
  [
    'failed (exit status 18): Failed to initialize NVML: Driver/library version mismatch',
    'driver and library are of different versions',
  ],
  ['failed (exit status 255): Failed to initialize NVML: Driver/library version mismatch', 'reboot'],
  [
    "failed (exit status 9): NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver",
    "'sudo modprobe nvidia'",
  ],
  ['failed (exit status 6): No devices were found', "'lspci'"],
  [
    'failed (exit status 15): Unable to determine the device handle for GPU0000:3B:00.0: GPU is lost',
    'fallen off the bus',
  ],
  ['did not answer within 30s', '--probe-timeout'],
  ['failed (exit status 4): Insufficient Permissions', '/dev/nvidia*'],
  ['gave an answer that cannot be read: oops', "run 'nvidia-smi' to see more"],
])('says what to do when nvidia-smi %s', (problem, advice) => {
  const failure = new ProbeFailedError('nvidia-smi', problem)
  for (const facts of [hostFacts({ health: failure }), hostFacts({ usage: failure })]) {
    const { level, text } = checkDriver(facts)
    expect([level, text]).toEqual(['problem', expect.stringContaining(`nvidia-smi ${problem} - `)])
    expect(text).toContain(advice)
  }
})

test('is well when nvidia-smi answers, and names the driver where it is told', () => {
  const health = { driverVersion: '550.54.15', gpus: [] }
  expect(checkDriver(hostFacts({ health, usage: idle(0) }))).toMatchObject({
    level: 'ok',
    text: 'nvidia-smi of driver 550.54.15 answers for 0 GPUs',
  })
  expect(checkDriver(hostFacts({ health: { driverVersion: null, gpus: [] } })).text).toBe(
    'nvidia-smi answers for 0 GPUs',
  )
})
