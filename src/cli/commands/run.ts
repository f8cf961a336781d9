import { DAY_MS, SECOND_MS } from '../../core/duration.ts'
import { caller, variable } from '../../process/caller.ts'
import { findExecutable } from '../../process/executable.ts'
import { inheritedDescriptors } from '../../process/inherited.ts'
import { closeOnExec } from '../../system/libc/inheritance.ts'
import { defineCommand } from '../command.ts'
import { duration, flag, optionalDuration, optionalText } from '../options.ts'
import { requestOptions } from '../request-options.ts'
import { runCommand } from '../run-command.ts'

const COMMAND_TIMES = { leastMs: 1, mostMs: 365 * DAY_MS, bounds: 'up to 365d' }

const options = {
  ...requestOptions,
  on: optionalText({
    placeholder: 'HOST',
    help: 'Run it on another host that shares the store, by ssh',
    example: '--on gpu-01',
    excludes: ['anywhere'],
    excludesBecause: 'both say where it runs',
  }),
  anywhere: flag({
    help: "Run it on the host that 'canhazgpu find' names first",
    example: '--anywhere',
    excludes: ['gpuIds'],
    excludesBecause: 'GPU IDs are those of one host',
  }),
  timeout: optionalDuration({
    short: 't',
    help: 'End the command after so long: SIGTERM to its process group, then SIGKILL; exit status 124',
    example: '--timeout 2h',
    ...COMMAND_TIMES,
  }),
  grace: duration({
    help: 'How long after SIGTERM the command is killed',
    example: '--grace 1m',
    fallback: 30 * SECOND_MS,
    shownDefault: '30s',
    ...COMMAND_TIMES,
  }),
}

export default defineCommand({
  name: 'run',
  summary: 'Reserve GPUs and run a command with CUDA_VISIBLE_DEVICES set',
  examples: [
    'canhazgpu run --gpus 1 -- python train.py',
    'canhazgpu run --gpus 2 -- python -m torch.distributed.launch train.py',
    'canhazgpu run --gpus 4 --wait --note ablation -- python train.py',
  ],
  takesCommand: true,
  options,
  async run(values, context) {
    const { supervisorFd } = context
    const descriptors = inheritedDescriptors().filter(fd => fd !== supervisorFd)
    const { args, env } = caller()
    // What a supervisor has started is where it is to be.
    if (supervisorFd === null && (values.on !== null || values.anywhere)) {
      const { goToHost } = await import('../fleet/go.ts')
      await goToHost(context, values, options, { args, env, descriptors })
    }
    // Found before anything is reserved: a typing mistake must not take a GPU, not even for a moment.
    const argv = args.slice(args.length - (context.operands?.length ?? 0))
    const file = findExecutable(argv[0] ?? new Uint8Array(), variable(env, 'PATH'))

    const { timeout: timeoutMs, grace: graceMs } = values
    if (timeoutMs !== null && supervisorFd === null) {
      const { supervise } = await import('../../process/supervise.ts')
      return supervise({ timeoutMs, graceMs }, { args, env }, descriptors)
    }
    if (supervisorFd !== null) closeOnExec(supervisorFd)

    const durationMs = timeoutMs === null ? null : timeoutMs + graceMs
    return runCommand(context, values, { file, argv, env, descriptors }, durationMs)
  },
})
