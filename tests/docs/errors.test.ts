import { expect, test } from 'bun:test'
import { newGpu } from '../../src/core/changes.ts'
import * as errors from '../../src/core/errors.ts'
import { nextAfter } from '../../src/probe/nvidia-smi.ts'
import { documentText } from '../helpers/documents.ts'
import { aManual, anyGpus, aRun, HOUR } from '../helpers/pools.ts'

const POOL = '/var/lib/canhazgpu/pool.db'
const SERVER = 'redis://gpu@store.lab:6379/0'
const alice = { uid: 1000, userName: 'alice' }
const shortage = { reserved: 0, inUseWithoutReservation: 0, notValidated: 0, drained: 0, waitingBefore: 0 }

/** Every error of docs/errors.md, made from the facts that its example there speaks of. */
const examples: errors.UserError[] = [
  new errors.UsageError(
    'Invalid value for --gpus: "1.5". Use a whole number from 1 to 1024, for example --gpus 2',
  ),
  new errors.UsageError(
    'Invalid value for run.timeout in /etc/canhazgpu/config.toml: 5. Use a duration up to 365d, for example timeout = "2h"',
  ),
  new errors.ConfigUnreadableError('/home/alice/lab.toml', 'No such file or directory', 'Check --config'),
  new errors.ConfigBrokenError('/etc/canhazgpu/config.toml', 3, 'Strings must be quoted: "2h"'),
  new errors.ConfigKeyError(
    '/etc/canhazgpu/config.toml',
    'memory-treshold',
    'Did you mean memory-threshold?',
  ),
  new errors.PoolNotInitializedError(8, null),
  new errors.PoolNotInitializedError(null, '--store sqlite:/srv/gpu/pool.db'),
  new errors.PoolMovedError({ id: '1', state: 'left', other: 'redis://store.lab:6379/0' }),
  new errors.PoolMovedError({ id: '1', state: 'left', other: SERVER }),
  new errors.PoolMovedError({ id: '1', state: 'leaving', other: SERVER }),
  new errors.PoolMovedError({ id: '1', state: 'arriving', other: `sqlite:${POOL}` }),
  new errors.CannotMoveError({ kind: 'same-place' }),
  new errors.CannotMoveError({ kind: 'in-the-way', place: 'sqlite:/srv/pool.db' }),
  new errors.CannotMoveError({ kind: 'line', waiting: 2 }),
  new errors.CannotMoveError({ kind: 'unseen-run', run: aRun({ holder: alice, gpus: [3] }) }),
  new errors.CannotMoveError({ kind: 'others-run', run: aRun({ holder: alice, gpus: [3] }) }),
  new errors.CannotMoveError({ kind: 'at-work' }),
  new errors.CannotMoveError({ kind: 'arrived', place: SERVER }),
  new errors.CannotMoveError({ kind: 'changed' }),
  new errors.OneHostError(`sqlite:${POOL}`),
  new errors.NoSuchHostError('gpu-04', ['gpu-01', 'gpu-02']),
  new errors.NoHostHasGpusError(4, { host: 'gpu-02', available: 3 }, 8),
  new errors.NoHostHasGpusError(1, null, 8),
  new errors.NoHostHasGpusError(9, null, 8),
  new errors.NoHostHasGpusError(1, null, 0),
  new errors.PoolAlreadyInitializedError(8, 3),
  new errors.NotAdministratorError('sqlite:/home/alice/pool.db', 'alice', 'reinitialize'),
  new errors.GpusHeldError(6, [aManual({ holder: alice, gpus: [5, 7] })]),
  new errors.TooManyGpusError('nvidia-smi', 8, 4),
  new errors.NoProviderError(),
  new errors.ProviderNotBuiltError('amd'),
  new errors.NotEnoughGpusError({
    ...shortage,
    requested: 2,
    available: 1,
    poolSize: 2,
    inUseWithoutReservation: 1,
  }),
  new errors.NotEnoughGpusError({ ...shortage, requested: 9, available: 8, poolSize: 8 }),
  new errors.NotEnoughGpusError({ ...shortage, requested: 1, available: 0, poolSize: 2, waitingBefore: 1 }),
  new errors.WaitTimeoutError(2 * HOUR, {
    position: 2,
    wanted: anyGpus(2),
    missing: 1,
    held: [],
    inUse: 0,
    drained: 0,
    earliestEndAt: null,
  }),
  new errors.ExtensionDelaysError(2),
  new errors.NoManualReservationError(),
  new errors.NotYourGpusError([3, 5]),
  new errors.CannotAdoptError([
    { kind: 'not-yours', pid: 4711, userName: 'bob' },
    { kind: 'reserved', gpu: 3, by: 'carol' },
  ]),
  new errors.GpusNotAvailableError(
    [
      { gpu: newGpu(1), availability: { state: 'reserved', reservation: aManual({ holder: alice }) } },
      {
        gpu: { ...newGpu(3), drain: { at: 0, by: alice, note: 'broken fan' } },
        availability: { state: 'drained' },
      },
    ],
    0,
  ),
  new errors.NoSuchGpuError(9, 8),
  new errors.NotHolderError(3, { uid: 1001, userName: 'bob' }, 'bob'),
  new errors.CommandStillRunsError(4711, [3], 'denied'),
  new errors.CommandStillRunsError(4711, [3], 'survived'),
  new errors.ProbeFailedError(
    'nvidia-smi',
    "failed (exit status 9): NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver",
  ),
  new errors.ProbeFailedError('nvidia-smi', 'did not answer within 30s', nextAfter({ kind: 'timed-out' })),
  new errors.ProbeFailedError('nvidia-smi', 'was not found on PATH', nextAfter({ kind: 'not-found' })),
  new errors.CommandNotFoundError('pyhton'),
  new errors.CommandNotExecutableError('./train.py', 'Permission denied'),
  new errors.StoreAccessError(POOL, 'permission denied'),
  new errors.StoreBusyError(POOL, 5000, { pid: 4711, userName: 'bob', command: 'sqlite3' }),
  new errors.StoreDamagedError(POOL, 'file is not a database'),
  new errors.StoreTooNewError(POOL, 2, 1),
  new errors.StoreFailedError(POOL, 'write', 'the disk is full', 'free some space and try again'),
  new errors.StoreUnreachableError(SERVER, 'nobody answers there', false),
  new errors.StoreUnreachableError(SERVER, 'no answer within 5s', true),
  new errors.StoreRefusesError(SERVER, 'wrong user name or password', 'correct it where the URL is set'),
  new errors.StoreGarbledError(SERVER, 'canhazgpu:{gpu1}:pool', 'what it holds is no pool'),
  new errors.OtherMachineError('gpu1'),
  new errors.OutputError('No space left on device'),
]

test('docs/errors.md quotes every error as the program words it, under its code, in this order', () => {
  const page = documentText('docs/errors.md')
  const quoted = page.split(/^## /m).flatMap(section => {
    const code = section.slice(0, section.indexOf('\n'))
    return [...section.matchAll(/^> Error: (.*)$/gm)].map(([, message]) => ({ code, message }))
  })
  expect(quoted).toEqual(examples.map(({ code, message }) => ({ code, message })))
})

test('every kind of error has an example', () => {
  const kinds = Object.values(errors).filter(kind => kind !== errors.UserError)
  const missing = kinds.filter(kind => !examples.some(example => example.constructor === kind))
  expect(missing).toEqual([])
})

test('docs/errors.md lists the exit status of every error', () => {
  const listed = [...documentText('docs/errors.md').matchAll(/^\| (\d+) \|/gm)].map(([, status]) =>
    Number(status),
  )
  expect(listed).toEqual([0, ...new Set(examples.map(({ exitStatus }) => exitStatus))].sort((a, b) => a - b))
})
