import { ProbeFailedError, UserError } from '../../core/errors.ts'
import type { Sightings } from '../../core/expire.ts'
import type { Pool } from '../../core/pool.ts'
import type { Usage } from '../../core/usage.ts'
import { NvidiaSmiProbe } from '../../probe/nvidia-smi.ts'
import { type DriverHealth, driverHealth } from '../../probe/nvidia-smi-health.ts'
import { sightAll } from '../../process/identity.ts'
import { examineStore } from '../../store/open.ts'
import type { ServerExamination } from '../../store/redis/examine.ts'
import type { PoolExamination } from '../../store/sqlite/examine.ts'
import { readLink, readText } from '../../system/libc/files.ts'
import type { Context } from '../command.ts'
import { initialized } from '../context.ts'
import { refuseFromElsewhere } from '../look.ts'
import { storeWords } from '../store-words.ts'

/** All that the checks look at, gathered once. What failed stands there as its error. */
export interface HostFacts {
  readonly store: PoolExamination | ServerExamination
  /** What is typed to choose this store, null for the usual one. */
  readonly storeWords: string | null
  /** Null when there is none, or none that can be read without changing it. */
  readonly pool: Pool | null
  /** Why there should be one and it cannot be read. */
  readonly poolError: UserError | null
  readonly sightings: Sightings
  /** Null where no tool is needed: the GPUs are simulated. */
  readonly health: DriverHealth | ProbeFailedError | null
  readonly usage: Usage | ProbeFailedError | null
  readonly memoryThresholdMiB: number
  readonly cudaDeviceOrder: string | undefined
  readonly proc: { readonly mounts: string; readonly self: string | null; readonly pid: number }
  readonly now: number
}

export async function gatherFacts(context: Context): Promise<HostFacts> {
  const { storeUrl, memoryThresholdMiB, probeTimeoutMs } = context
  const store = await examineStore(storeUrl)
  const isCurrent = canBeRead(store)
  const pool = isCurrent ? await readPool(context).catch(userError) : null
  const isSimulated = pool !== null && 'provider' in pool && pool.provider === 'fake'
  const [health, usage] = isSimulated
    ? [null, null]
    : await Promise.all([
        driverHealth(probeTimeoutMs).catch(probeError),
        new NvidiaSmiProbe(probeTimeoutMs).usage().catch(probeError),
      ])
  const isRead = pool !== null && 'provider' in pool
  return {
    store,
    storeWords: storeWords(context.storeForOthers),
    pool: isRead ? pool : null,
    poolError: isRead ? null : pool,
    sightings: isRead ? sightAll(pool) : new Map(),
    health,
    usage,
    memoryThresholdMiB,
    cudaDeviceOrder: process.env.CUDA_DEVICE_ORDER,
    proc: {
      mounts: readText('/proc/mounts') ?? '',
      self: readLink('/proc/self'),
      pid: process.pid,
    },
    now: context.now(),
  }
}

/** Whether the pool can be read without changing it. */
function canBeRead(store: PoolExamination | ServerExamination): boolean {
  if (store.kind === 'server') return !(store.answer instanceof UserError)
  const { schema } = store
  return schema !== null && 'version' in schema && schema.version === schema.known
}

async function readPool(context: Context): Promise<Pool | null> {
  const store = await context.openStore('read')
  const pool = await store.read()
  await refuseFromElsewhere(store)
  return pool && initialized(pool)
}

function userError(error: unknown): UserError {
  if (error instanceof UserError) return error
  throw error
}

function probeError(error: unknown): ProbeFailedError {
  if (error instanceof ProbeFailedError) return error
  throw error
}
