import { type Authority, administer, type Wish } from '../../core/administer.ts'
import { NoProviderError, ProviderNotBuiltError, TooManyGpusError, UsageError } from '../../core/errors.ts'
import { MAX_GPUS } from '../../core/initialize.ts'
import type { Provider } from '../../core/pool.ts'
import { NVIDIA_SMI } from '../../probe/nvidia-smi.ts'
import { openProbe } from '../../probe/probe.ts'
import { sightAll } from '../../process/identity.ts'
import { examineStore, shownStoreUrl } from '../../store/open.ts'
import type { Store } from '../../store/store.ts'
import { isOnPath } from '../../system/spawn.ts'
import { userNameOf } from '../../system/user-name.ts'
import { type Context, defineCommand } from '../command.ts'
import { choice, flag, type OptionValues, optionalText, optionalWholeNumber } from '../options.ts'
import { adminLines, adminNotices } from '../output/admin-lines.ts'
import { gpuIds } from '../request-options.ts'
import { survivorsIn } from '../survivors.ts'

const options = {
  gpus: optionalWholeNumber({
    placeholder: 'N',
    help:
      'Number of GPUs available on this machine (required, but for --drain and --undrain): the first N that nvidia-smi reports. ' +
      'A pool that is there grows or shrinks',
    example: '--gpus 8',
    most: MAX_GPUS,
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
  drain: gpuIds({
    help: 'Keep these GPUs from being handed out; whoever holds one keeps it',
    example: 'canhazgpu admin --drain 3',
  }),
  undrain: gpuIds({
    help: 'Let these GPUs be handed out again',
    example: 'canhazgpu admin --undrain 3',
  }),
  note: optionalText({
    placeholder: 'TEXT',
    short: 'n',
    help: 'Why GPUs are drained; everybody can read it',
    example: 'canhazgpu admin --drain 3 --note broken',
  }),
}

export default defineCommand({
  name: 'admin',
  summary: 'Initialize GPU pool for this machine',
  examples: [
    'canhazgpu admin --gpus 8',
    'canhazgpu admin --gpus 4 --force',
    'canhazgpu admin --gpus 4 --provider fake',
    'canhazgpu admin --drain 3 --note broken',
  ],
  options,
  async run(values, context) {
    checkUsage(values)
    const { store, wish } = await prepare(values, context)
    const authority = await authorityOn(store, context)
    const lost = store.fleet ? survivorsIn(context.storeUrl) : []
    const done = await store.update(pool => {
      const sightings = pool ? sightAll(pool) : new Map()
      return administer(pool, wish, authority, { sightings, lost, now: context.now() })
    })
    context.notice(...adminNotices(done, wish))
    context.print(...adminLines(done, wish))
    if (done.size !== null) await warnOfDirectory(context)
    return 0
  },
})

/** A pool in a place that was there before may be nobody else's to use, or everybody's to delete. */
async function warnOfDirectory({ storeUrl, notice }: Context): Promise<void> {
  const { directoryWarning } = await import('../doctor/directories.ts')
  const found = await examineStore(storeUrl)
  const warning = found.kind === 'server' ? null : directoryWarning(found)
  if (warning !== null) notice(warning)
}

/** @throws {UsageError} */
function checkUsage({ gpus, drain, undrain, note }: OptionValues<typeof options>): void {
  if (gpus === null && drain === null && undrain === null)
    throw new UsageError(`Missing option --gpus, for example ${options.gpus.example}`)
  if (note !== null && drain === null)
    throw new UsageError(
      `--note says why GPUs are drained. Use it with --drain, for example ${options.note.example}`,
    )
  const both = drain?.find(id => undrain?.includes(id))
  if (both !== undefined)
    throw new UsageError(`GPU ${both} is in both --drain and --undrain. Use one of the two`)
}

/** Opens the store, or makes one, when the wish can be fulfilled as far as the hardware goes. */
async function prepare(
  { gpus: gpuCount, provider: wanted, force, drain, undrain, note }: OptionValues<typeof options>,
  context: Context,
): Promise<{ store: Store; wish: Wish }> {
  const drains = { drain: drain ?? [], undrain: undrain ?? [], note }
  if (gpuCount === null) {
    const { store, pool } = await context.openPool('write')
    return { store, wish: { gpuCount, force, provider: pool.provider, ...drains } }
  }
  if (wanted === 'amd') throw new ProviderNotBuiltError(wanted)
  const present = await presentPool(context)
  const provider = wanted ?? (force ? null : present?.provider) ?? detectProvider()
  // A pool that only loses GPUs needs none to be there: perhaps it loses them because they are broken.
  const onlyShrinks = present !== null && !force && gpuCount <= present.gpuCount
  if (!onlyShrinks) await checkGpuCount(provider, gpuCount, context)
  return { store: await context.openStore('create'), wish: { gpuCount, force, provider, ...drains } }
}

/** The pool that is there, null where there is none. */
async function presentPool(context: Context): Promise<{ provider: Provider; gpuCount: number } | null> {
  const store = await context.openStore('read')
  const pool = await store.read()
  store.close()
  return pool && { provider: pool.provider, gpuCount: pool.gpus.length }
}

/** @throws {NoProviderError} when no tool can be used */
function detectProvider(): Provider {
  if (!isOnPath(NVIDIA_SMI)) throw new NoProviderError()
  return 'nvidia'
}

/** A smaller pool is fine: the rest of the GPUs are for something else. */
async function checkGpuCount(provider: Provider, gpuCount: number, context: Context): Promise<void> {
  const reported = await openProbe(provider, context.probeTimeoutMs).gpuCount()
  if (reported !== null && gpuCount > reported) throw new TooManyGpusError(NVIDIA_SMI, gpuCount, reported)
}

/** Anybody may write to a shared pool; changing what it is is for those who made it. */
async function authorityOn(store: Store, { storeUrl, holder }: Context): Promise<Authority> {
  const uid = await store.administratorUid()
  return {
    by: holder,
    path: shownStoreUrl(storeUrl),
    administrator: uid === null ? null : { uid, userName: userNameOf(uid) },
  }
}
