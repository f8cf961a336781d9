import { DAY_MS } from '../core/duration.ts'
import { PoolMovedError, PoolNotInitializedError } from '../core/errors.ts'
import type { Pool } from '../core/pool.ts'
import { EarlyProbe } from '../probe/early.ts'
import { NVIDIA_SMI, NvidiaSmiProbe } from '../probe/nvidia-smi.ts'
import { openProbe } from '../probe/probe.ts'
import { openStore } from '../store/open.ts'
import type { Store, StoreAccess } from '../store/store.ts'
import { isOnPath } from '../system/spawn.ts'
import { userNameOf } from '../system/user-name.ts'
import type { Context, Origins } from './command.ts'
import { standingSettingsFor } from './config/host-wide.ts'
import { standingSettings } from './config/standing-settings.ts'
import { globalOptions } from './global-options.ts'
import { notice, print, printColoured } from './output/print.ts'
import { resolveOptions, settingsFor } from './settings.ts'
import { chosenStoreUrl, handedOn } from './store-url.ts'
import { storeWords } from './store-words.ts'
import { survivorsIn } from './survivors.ts'

/** The real world for a command. */
export function createContext(
  origins: Origins,
  { operands, supervisorFd }: Pick<Context, 'operands' | 'supervisorFd'>,
): Context {
  const options = resolveOptions(
    globalOptions,
    origins.given,
    settingsFor(globalOptions, null, origins.layers),
  )
  const { memoryThreshold: memoryThresholdMiB, probeTimeout: probeTimeoutMs } = options
  const storeUrl = once(() => chosenStoreUrl(options, origins.given.has('store')))
  const settings = once(() =>
    resolveOptions(standingSettings, new Map(), standingSettingsFor(origins.layers, storeUrl)),
  )
  const open = (access: StoreAccess) =>
    openStore(storeUrl(), access, {
      historyMs: settings().historyDays * DAY_MS,
      survivors: () => survivorsIn(storeUrl()),
    })
  const storeForOthers = () => handedOn(storeUrl(), options)
  // The real uid: what a shell knows as $USER is a variable like any other.
  const uid = process.getuid?.() ?? 0
  async function openPool(access: StoreAccess): Promise<{ store: Store; pool: Pool }> {
    const store = await open(access)
    const pool = await store.read()
    if (!pool) throw await notInitialized(storeForOthers(), probeTimeoutMs)
    return { store, pool: initialized(pool) }
  }
  return {
    get storeUrl() {
      return storeUrl()
    },
    get storeForOthers() {
      return storeForOthers()
    },
    memoryThresholdMiB,
    probeTimeoutMs,
    get settings() {
      return settings()
    },
    origins,
    // Looked up when asked for: a name service (SSSD) may open descriptors, which must not pass for the caller's.
    get holder() {
      return { uid, userName: userNameOf(uid) }
    },
    operands,
    supervisorFd,
    openStore: open,
    openPool,
    async openProbedPool(access, question) {
      const askedAt = Date.now()
      const early = new EarlyProbe(new NvidiaSmiProbe(probeTimeoutMs), question)
      try {
        const { store, pool } = await openPool(access)
        if (pool.provider === 'nvidia') return { store, pool, probe: early, askedAt }
        early.abandon()
        return { store, pool, probe: openProbe(pool.provider, probeTimeoutMs), askedAt }
      } catch (error) {
        early.abandon()
        throw error
      }
    },
    now: Date.now,
    newId: () => crypto.randomUUID().slice(-12),
    print,
    printColoured,
    notice,
  }
}

/**
 * The pool inside an update. Every command that grants comes by here, so nothing is granted where a pool is on the move.
 *
 * @throws {PoolNotInitializedError}
 * @throws {PoolMovedError}
 */
export function initialized(pool: Pool | null): Pool {
  if (!pool) throw new PoolNotInitializedError(null, null)
  if (pool.move) throw new PoolMovedError(pool.move)
  return pool
}

/** A value that is found out when it is asked for: whoever only wants help needs no store. */
function once<T>(find: () => T): () => T {
  let found: { value: T } | null = null
  return () => {
    found ??= { value: find() }
    return found.value
  }
}

/** A hint is not worth as long a wait as the GPUs themselves. */
const HINT_TIMEOUT_MS = 3000

async function notInitialized(
  store: Context['storeForOthers'],
  probeTimeoutMs: number,
): Promise<PoolNotInitializedError> {
  return new PoolNotInitializedError(
    await detectGpuCount(Math.min(probeTimeoutMs, HINT_TIMEOUT_MS)),
    storeWords(store),
  )
}

/** How many GPUs there are, for a hint; null when nobody can tell. */
async function detectGpuCount(timeoutMs: number): Promise<number | null> {
  if (!isOnPath(NVIDIA_SMI)) return null
  return openProbe('nvidia', timeoutMs)
    .gpuCount()
    .catch(() => null)
}
