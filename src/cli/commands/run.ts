import { caller, variable } from '../../process/caller.ts'
import { findExecutable } from '../../process/executable.ts'
import { inheritedDescriptors } from '../../process/inherited.ts'
import { defineCommand } from '../command.ts'
import { requestOptions } from '../request-options.ts'
import { runCommand } from '../run-command.ts'

export default defineCommand({
  name: 'run',
  summary: 'Reserve GPUs and run a command with CUDA_VISIBLE_DEVICES set',
  examples: [
    'canhazgpu run --gpus 1 -- python train.py',
    'canhazgpu run --gpus 2 -- python -m torch.distributed.launch train.py',
  ],
  takesCommand: true,
  options: requestOptions,
  async run(options, context) {
    const descriptors = inheritedDescriptors()
    const { args, env } = caller()
    // Found before anything is reserved: a typing mistake must not take a GPU, not even for a moment.
    const argv = args.slice(args.length - (context.operands?.length ?? 0))
    const file = findExecutable(argv[0] ?? new Uint8Array(), variable(env, 'PATH'))
    return runCommand(context, options, { file, argv, env, descriptors })
  },
})
