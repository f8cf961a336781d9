import { gpuList } from '../core/gpu-list.ts'
import { releaseKept } from '../core/release.ts'
import type { Until } from '../core/reserve.ts'
import { become } from '../process/become.ts'
import { withVariables } from '../process/caller.ts'
import { ownIdentity } from '../process/identity.ts'
import { startKeeper } from '../process/start-keeper.ts'
import { acquire } from './acquire.ts'
import type { Context } from './command.ts'
import { initialized } from './context.ts'
import { killAfter, probeOrders } from './keeper-orders.ts'
import type { OptionValues } from './options.ts'
import type { requestOptions } from './request-options.ts'

/** A program to become, found already: a typing mistake must not take a GPU, not even for a moment. */
interface Command {
  readonly file: Uint8Array
  readonly argv: readonly Uint8Array[]
  readonly env: readonly Uint8Array[]
  /** From `inheritedDescriptors`, asked before anything was opened. */
  readonly descriptors: readonly number[]
}

/**
 * Reserves GPUs for this process, leaves a keeper behind, and becomes a command that finds them in its environment. It returns
 * only by throwing, and then nothing stays reserved.
 */
export async function runCommand(
  context: Context,
  options: OptionValues<typeof requestOptions>,
  { file, argv, env, descriptors }: Command,
  durationMs: number | null = null,
): Promise<never> {
  const orders = probeOrders(context)
  const pool = await context.openProbedPool('write')
  const process = ownIdentity()
  const until: Until = { process, durationMs }
  const reservation = await acquire(context, pool, options, until)
  const { id, gpus } = reservation

  startKeeper({
    ...orders,
    reservationId: id,
    gpus,
    task: {
      type: 'run',
      processes: [process],
      killAfterMs: killAfter(durationMs),
      claim: pool.store.fleet && reservation.type === 'run' ? reservation : null,
    },
  })
  context.notice(`Reserved ${gpus.length} GPU(s): ${gpuList(gpus)}`)
  const variables = {
    CUDA_VISIBLE_DEVICES: gpus.join(','),
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    CANHAZGPU_RESERVATION: id,
  }
  try {
    return become({ file, argv, env: withVariables(env, variables), descriptors })
  } catch (error) {
    const { uid } = context.holder
    await pool.store.update(stored => releaseKept(initialized(stored), { id, uid }, context.now()))
    throw error
  }
}
