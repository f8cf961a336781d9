import {
  NoProviderError,
  NotPoolOwnerError,
  ProviderNotBuiltError,
  TooManyGpusError,
  UsageError,
} from '../../core/errors.ts'
import { initialize, MAX_GPUS } from '../../core/initialize.ts'
import type { Provider } from '../../core/pool.ts'
import { NVIDIA_SMI } from '../../probe/nvidia-smi.ts'
import { openProbe } from '../../probe/probe.ts'
import type { Store } from '../../store/store.ts'
import { isOnPath } from '../../system/spawn.ts'
import { userNameOf } from '../../system/user-name.ts'
import { type Context, defineCommand } from '../command.ts'
import { choice, flag, positiveInteger } from '../options.ts'

export default defineCommand({
  name: 'admin',
  summary: 'Initialize GPU pool for this machine',
  examples: [
    'canhazgpu admin --gpus 8',
    'canhazgpu admin --gpus 4 --force',
    'canhazgpu admin --gpus 4 --provider fake',
  ],
  options: {
    gpus: positiveInteger({
      placeholder: 'N',
      help: 'Number of GPUs available on this machine (required): the first N that nvidia-smi reports',
      example: '--gpus 8',
    }),
    force: flag({
      help: 'Force reinitialization even if already initialized; clears all reservations',
      example: 'canhazgpu admin --gpus 4 --force',
    }),
    provider: choice({
      placeholder: 'NAME',
      choices: ['nvidia', 'amd', 'fake'],
      help: 'What tells about the GPUs: nvidia, amd (not built yet) or fake (simulated idle GPUs); by default the tool found on PATH',
      example: '--provider nvidia',
      fallback: null,
    }),
  },
  async run({ gpus: gpuCount, force, provider: wanted }, context) {
    if (gpuCount > MAX_GPUS) {
      throw new UsageError(`Invalid value for --gpus: "${gpuCount}". A pool holds at most ${MAX_GPUS} GPUs`)
    }
    const provider = chooseProvider(wanted)
    await checkGpuCount(provider, gpuCount, context)
    const store = await context.openStore('create')
    if (force) await checkMayReinitialize(store, context)
    const { cleared } = await store.update(pool =>
      initialize(pool, { provider, gpuCount, force, by: context.holder }, context.now()),
    )
    if (provider === 'fake') context.notice('The GPUs are simulated (--provider fake)')
    const gpus = `${gpuCount} GPUs (IDs 0 to ${gpuCount - 1})`
    if (cleared === null) context.print(`Initialized ${gpus}`)
    else context.print(`Cleared ${cleared} reservation(s)`, `Reinitialized ${gpus}`)
    return 0
  },
})

/** @throws {UserError} when no tool can be used */
function chooseProvider(wanted: 'nvidia' | 'amd' | 'fake' | null): Provider {
  if (wanted === 'amd') throw new ProviderNotBuiltError(wanted)
  if (wanted !== null) return wanted
  if (!isOnPath(NVIDIA_SMI)) throw new NoProviderError()
  return 'nvidia'
}

/** A smaller pool is fine: the rest of the GPUs are for something else. */
async function checkGpuCount(provider: Provider, gpuCount: number, context: Context): Promise<void> {
  const reported = await openProbe(provider, context.probeTimeoutMs, gpuCount).gpuCount()
  if (reported !== null && gpuCount > reported) throw new TooManyGpusError(NVIDIA_SMI, gpuCount, reported)
}

/** Anybody may write to a shared pool; replacing it is for those who made it. */
async function checkMayReinitialize(store: Store, { storeUrl, holder }: Context): Promise<void> {
  const ownerUid = await store.ownerUid()
  if (holder.uid === 0 || ownerUid === null || ownerUid === holder.uid) return
  throw new NotPoolOwnerError(storeUrl, userNameOf(ownerUid))
}
