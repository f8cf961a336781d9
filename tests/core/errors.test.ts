import { describe, expect, test } from 'bun:test'
import {
  CommandNotExecutableError,
  CommandNotFoundError,
  CommandStillRunsError,
  GpusHeldError,
  GpusNotAvailableError,
  NoProviderError,
  NoSuchGpuError,
  NotAdministratorError,
  NotEnoughGpusError,
  NotHolderError,
  OutputError,
  PoolAlreadyInitializedError,
  PoolMovedError,
  PoolNotInitializedError,
  ProbeFailedError,
  ProviderNotBuiltError,
  StoreAccessError,
  StoreBusyError,
  StoreDamagedError,
  StoreFailedError,
  StoreTooNewError,
  TooManyGpusError,
  UsageError,
  UserError,
  WaitTimeoutError,
} from '../../src/core/errors.ts'
import type { Waiting } from '../../src/core/queue.ts'
import fc from '../helpers/fast-check.ts'
import { anyGpus } from '../helpers/pools.ts'

const nobody = {
  requested: 1,
  available: 0,
  poolSize: 8,
  reserved: 0,
  inUseWithoutReservation: 0,
  notValidated: 0,
  drained: 0,
  waitingBefore: 0,
}

const waiting: Waiting = {
  position: 2,
  wanted: anyGpus(2),
  missing: 1,
  held: [],
  inUse: 0,
  drained: 0,
  earliestEndAt: null,
}

const errors: [code: string, exitStatus: number, error: UserError][] = [
  ['usage', 2, new UsageError('Missing option --gpus, for example --gpus 8')],
  ['pool-not-initialized', 1, new PoolNotInitializedError(8, null)],
  ['pool-already-initialized', 1, new PoolAlreadyInitializedError(8, 3)],
  ['not-administrator', 1, new NotAdministratorError('/pool.db', 'alice', 'reinitialize')],
  ['gpus-held', 1, new GpusHeldError(2, [])],
  ['too-many-gpus', 1, new TooManyGpusError('nvidia-smi', 9, 8)],
  ['no-provider', 1, new NoProviderError()],
  ['provider-not-built', 1, new ProviderNotBuiltError('amd')],
  ['not-enough-gpus', 75, new NotEnoughGpusError({ ...nobody, reserved: 8 })],
  ['gpus-not-available', 75, new GpusNotAvailableError([], 1)],
  ['no-such-gpu', 1, new NoSuchGpuError(9, 8)],
  ['not-holder', 1, new NotHolderError(3, { uid: 1001, userName: 'bob' }, 'bob')],
  ['command-still-runs', 1, new CommandStillRunsError(4711, [3], 'denied')],
  ['wait-timeout', 75, new WaitTimeoutError(7_200_000, waiting)],
  ['probe-failed', 1, new ProbeFailedError('nvidia-smi', 'did not answer within 30s')],
  ['command-not-found', 127, new CommandNotFoundError('pyhton')],
  ['command-not-executable', 126, new CommandNotExecutableError('./train.py', 'Permission denied')],
  ['store-access', 1, new StoreAccessError('/pool.db', 'permission denied')],
  ['store-busy', 1, new StoreBusyError('/pool.db', 5000, null)],
  ['store-damaged', 1, new StoreDamagedError('/pool.db', 'file is not a database')],
  ['store-too-new', 1, new StoreTooNewError('/pool.db', 9, 1)],
  ['store-failed', 1, new StoreFailedError('/pool.db', 'write', 'the disk is full', 'free some space')],
  ['output', 1, new OutputError('No space left on device')],
]

test.each(errors)('%s ends with exit status %d and says so in one line', (code, exitStatus, error) => {
  expect(error).toBeInstanceOf(UserError)
  expect([error.code, error.exitStatus]).toEqual([code, exitStatus])
  expect(error.message).toMatch(/^\S.*[^.\s]$/)
})

describe('what an error tells of its facts', () => {
  test.each([
    ['the number of GPUs to ask for', new PoolNotInitializedError(4, null), 'canhazgpu admin --gpus 4'],
    ['that it is not known', new PoolNotInitializedError(null, null), 'canhazgpu admin --gpus <count>'],
    [
      'where the pool is to be',
      new PoolNotInitializedError(4, '--store sqlite:/p'),
      '--gpus 4 --store sqlite:/p',
    ],
    ['the present count', new PoolAlreadyInitializedError(8, 3), 'initialized with 8 GPUs. Use --force'],
    ['what is at stake', new PoolAlreadyInitializedError(8, 3), 'clears all reservations (now 3)'],
    ['both numbers', new TooManyGpusError('nvidia-smi', 9, 8), '9 GPUs asked for, but nvidia-smi reports 8'],
    [
      'who is in the way',
      new StoreBusyError('/p', 5000, { pid: 7, userName: 'bob', command: 'sqlite3' }),
      'for 5s by PID 7 (sqlite3) of user bob',
    ],
    [
      'how to type a place whose name a shell would take apart',
      new PoolMovedError({ id: 'm', state: 'left', other: "redis://a:6379/0?host=b's" }),
      String.raw`Use --store 'redis://a:6379/0?host=b'\''s', or`,
    ],
    ['that nobody can be seen', new StoreBusyError('/p', 5000, null), 'for 5s by another process'],
  ])('%s', (_, { message }, words) => {
    expect(message).toContain(words)
  })

  test.each([new PoolNotInitializedError(0, null), new TooManyGpusError('nvidia-smi', 8, 0)])(
    'does not advise a pool of 0 GPUs, which is always refused: $code',
    ({ message }) => {
      expect(message).not.toContain('--gpus 0')
    },
  )
})

describe('NotEnoughGpusError', () => {
  const shortage = { ...nobody, requested: 2, available: 1 }
  test.each([
    [
      'what is reserved first',
      { ...shortage, reserved: 6, inUseWithoutReservation: 1 },
      "Not enough GPUs available. Requested: 2, Available: 1 (6 GPUs reserved, 1 GPUs in use without reservation - run 'canhazgpu status' for details)",
    ],
    [
      'the very line of the specification',
      { ...shortage, poolSize: 2, inUseWithoutReservation: 1 },
      "Not enough GPUs available. Requested: 2, Available: 1 (1 GPUs in use without reservation - run 'canhazgpu status' for details)",
    ],
    [
      'every reason that there is',
      { ...shortage, reserved: 3, notValidated: 2, inUseWithoutReservation: 2 },
      "Not enough GPUs available. Requested: 2, Available: 1 (3 GPUs reserved, 2 GPUs not validated, 2 GPUs in use without reservation - run 'canhazgpu status' for details)",
    ],
    [
      'the size of a pool that is too small',
      { ...shortage, requested: 9, available: 8 },
      'Not enough GPUs available. Requested: 9, Available: 8 (the pool has 8 GPUs - ask for at most 8)',
    ],
    [
      'all of it when the pool is too small and in use',
      { ...shortage, requested: 9, available: 7, reserved: 1 },
      'Not enough GPUs available. Requested: 9, Available: 7 (the pool has 8 GPUs, 1 GPUs reserved - ask for at most 8)',
    ],
  ])('says %s', (_, shortage, message) => {
    expect(new NotEnoughGpusError(shortage).message).toBe(message)
  })

  test('gives its true numbers and a reason, and says to try again only where that can help', () => {
    const count = fc.nat(16)
    fc.assert(
      fc.property(count, count, count, count, fc.integer({ min: 1, max: 20 }), (...given) => {
        const [available, reserved, inUseWithoutReservation, notValidated, wanted] = given
        const poolSize = available + reserved + inUseWithoutReservation + notValidated
        const requested = available + wanted
        const counts = { requested, available, poolSize, reserved, inUseWithoutReservation, notValidated }
        const { message, exitStatus } = new NotEnoughGpusError({ ...nobody, ...counts })
        expect(message).toContain(`Requested: ${requested}, Available: ${available} (`)
        expect(exitStatus).toBe(requested > poolSize ? 1 : 75)
        expect(message).toMatch(/\((the pool has \d+ GPUs|\d+ GPUs (reserved|not validated|in use))/)
        expect(message).not.toMatch(/[(,] ?0 GPUs (reserved|not|in use)/)
      }),
    )
  })
})
