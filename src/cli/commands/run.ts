import { releaseKept } from '../../core/release.ts'
import { reserve } from '../../core/reserve.ts'
import { become } from '../../process/become.ts'
import { caller, variable, withVariables } from '../../process/caller.ts'
import { findExecutable } from '../../process/executable.ts'
import { ownIdentity, sightAll } from '../../process/identity.ts'
import { inheritedDescriptors } from '../../process/inherited.ts'
import { startKeeper } from '../../process/start-keeper.ts'
import { absoluteStoreUrl } from '../../store/open.ts'
import { defineCommand } from '../command.ts'
import { initialized } from '../context.ts'
import { positiveInteger } from '../options.ts'

export default defineCommand({
  name: 'run',
  summary: 'Reserve GPUs and run a command with CUDA_VISIBLE_DEVICES set',
  examples: [
    'canhazgpu run --gpus 1 -- python train.py',
    'canhazgpu run --gpus 2 -- python -m torch.distributed.launch train.py',
  ],
  takesCommand: true,
  options: {
    gpus: positiveInteger({
      placeholder: 'N',
      help: 'Number of GPUs to reserve',
      example: '--gpus 2',
      fallback: 1,
    }),
  },
  async run({ gpus: count }, context) {
    const descriptors = inheritedDescriptors()
    const { args, env } = caller()
    // Found before anything is reserved: a typing mistake must not take a GPU, not even for a moment.
    const argv = args.slice(args.length - (context.operands?.length ?? 0))
    const file = findExecutable(argv[0] ?? new Uint8Array(), variable(env, 'PATH'))

    const { store, probe } = await context.openProbedPool('write')
    const { memoryThresholdMiB, holder } = context
    const process = ownIdentity()
    const request = { id: context.newId(), holder, count, until: { process } }
    const usage = await probe.usage()
    const { id, gpus } = await store.update(stored => {
      const pool = initialized(stored)
      const sightings = sightAll(pool.reservations)
      return reserve(pool, request, { usage, memoryThresholdMiB, sightings, now: context.now() })
    })

    startKeeper({ reservationId: id, process, gpus, storeUrl: absoluteStoreUrl(context.storeUrl) })
    context.notice(`Reserved ${gpus.length} GPU(s): [${gpus.join(', ')}]`)
    const variables = {
      CUDA_VISIBLE_DEVICES: gpus.join(','),
      CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
      CANHAZGPU_RESERVATION: id,
    }
    try {
      return become({ file, argv, env: withVariables(env, variables), descriptors })
    } catch (error) {
      await store.update(pool => releaseKept(initialized(pool), { id, uid: holder.uid }, context.now()))
      throw error
    }
  },
})
