import { expect, test } from 'bun:test'
import { checkDriver } from '../../../src/cli/doctor/driver.ts'
import { checkIndexOrder, checkMig, checkPersistenceMode } from '../../../src/cli/doctor/set-up.ts'
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
  const gpus = [{ index: 0, persistenceMode: true, mig: null, busId: null }]
  expect(checkDriver(hostFacts({ health: { driverVersion: '550.54.15', gpus } }))).toMatchObject({
    level: 'ok',
    text: 'nvidia-smi of driver 550.54.15 answers for 1 GPUs',
  })
  expect(checkDriver(hostFacts({ health: { driverVersion: null, gpus } })).text).toBe(
    'nvidia-smi answers for 1 GPUs',
  )
})

test('is not well when nvidia-smi answers and reports no GPU, and then says nothing of how GPUs are set up', () => {
  const facts = hostFacts({ health: { driverVersion: null, gpus: [] }, usage: idle(0) })
  expect(checkDriver(facts)).toMatchObject({
    level: 'problem',
    text: expect.stringMatching(/^nvidia-smi answers, and reports no GPU - .*'lspci'/),
  })
  for (const check of [checkPersistenceMode, checkMig, checkIndexOrder])
    expect(check(facts)).toMatchObject({ level: 'warning', text: expect.stringContaining('see driver') })
})
