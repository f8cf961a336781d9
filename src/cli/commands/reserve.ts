import { DAY_MS, formatDuration, HOUR_MS, SECOND_MS } from '../../core/duration.ts'
import { UsageError } from '../../core/errors.ts'
import { gpuList } from '../../core/gpu-list.ts'
import type { Reservation } from '../../core/pool.ts'
import { acquire } from '../acquire.ts'
import { type Context, defineCommand } from '../command.ts'
import { informer } from '../inform.ts'
import { jsonOption } from '../json-option.ts'
import { flag, type OptionValues, optionalDuration, pids } from '../options.ts'
import { localClock } from '../output/local-clock.ts'
import { requestOptions } from '../request-options.ts'
import { instantOf, optionalClockTime } from '../until.ts'

const DEFAULT_DURATION_MS = 8 * HOUR_MS
const MOST_MS = 365 * DAY_MS

const TERMS = ['duration', 'until']
const CHOICES = ['gpus', 'gpuIds', 'policy', 'wait']
const ADOPTED = 'the processes have their GPUs already, until they end'

const options = {
  ...requestOptions,
  duration: optionalDuration({
    help: 'Duration to reserve GPUs: 30s, 30m, 2h, 1d, 0.5h, 1h30m',
    example: '--duration 4h',
    shownDefault: '8h',
    leastMs: SECOND_MS,
    mostMs: MOST_MS,
    bounds: 'from 1s to 365d',
    excludes: ['until'],
    excludesBecause: 'both say when it ends',
  }),
  until: optionalClockTime({
    help: 'When it ends, instead of --duration: the next time that the clock shows this, or a date and time',
    example: '--until 18:00',
  }),
  short: flag({
    short: 's',
    help: 'Print the GPU IDs alone, 0,1, and all else on stderr',
    example: 'canhazgpu reserve --short --wait',
  }),
  shell: flag({
    help: 'Start a shell that has the GPUs, and release them when it ends',
    example: 'canhazgpu reserve --shell',
    excludes: [...TERMS, 'short', 'json'],
    excludesBecause: 'the shell has the GPUs until it ends',
  }),
  adopt: flag({
    help: 'Reserve the GPUs that processes of yours use without reservation, until the last of them ends',
    example: 'canhazgpu reserve --adopt',
    excludes: [...TERMS, ...CHOICES, 'shell', 'pid'],
    excludesBecause: ADOPTED,
  }),
  pid: pids({
    help: 'The same for exactly these processes',
    example: 'canhazgpu reserve --pid 4711,4712',
    excludes: [...TERMS, ...CHOICES, 'shell'],
    excludesBecause: ADOPTED,
  }),
  json: { ...jsonOption, excludes: ['short'], excludesBecause: 'both say what is printed' },
}

export default defineCommand({
  name: 'reserve',
  summary: 'Reserve GPUs manually for a specified duration',
  examples: [
    'canhazgpu reserve',
    'canhazgpu reserve --gpus 2 --duration 4h',
    'canhazgpu reserve --duration 30m',
    'canhazgpu reserve --until 18:00 --note ablation',
  ],
  options,
  async run(options, context) {
    if (options.shell) {
      const { runShell } = await import('../shell.ts')
      return runShell(context, options)
    }
    if (options.adopt || options.pid) return adopt(options, context)
    const inform = informer(context)
    const until = untilOf(options, context.now())
    const reservation = await acquire(context, await context.openProbedPool('write'), options, until)
    inform(reservation)
    const { reservedAt } = reservation
    const ends = 'at' in until ? until.at : reservedAt + until.durationMs
    await announce(
      context,
      options,
      reservation,
      `for ${formatDuration(ends - reservedAt)} (until ${localClock(ends)})`,
    )
    return 0
  },
})

type Values = OptionValues<typeof options>

/** @throws {UsageError} when that moment is over, too far away, or never comes */
function untilOf({ duration, until }: Values, now: number): { durationMs: number } | { at: number } {
  if (until === null) return { durationMs: duration ?? DEFAULT_DURATION_MS }
  const at = instantOf(until, now)
  if (at === null) {
    throw new UsageError(
      'Invalid value for --until: the local clock will not show that time. Use a later one, for example --until 18:00',
    )
  }
  if (at - now > MOST_MS) {
    throw new UsageError('Invalid value for --until: it is more than 365d away. Use an earlier one')
  }
  return { at }
}

async function adopt(options: Values, context: Context): Promise<number> {
  const { adoptProcesses } = await import('../adopt.ts')
  const reservation = await adoptProcesses(context, { ...options, pids: options.pid })
  const pids = reservation.processes.map(({ pid }) => `PID ${pid}`)
  const last = pids.length === 1 ? 'it ends' : 'the last of them ends'
  await announce(context, options, reservation, `for ${pids.join(', ')} until ${last}`, [])
  return 0
}

async function announce(
  { print, notice }: Context,
  { short, json }: Values,
  reservation: Reservation,
  terms: string,
  lines = linesToCopy(reservation),
): Promise<void> {
  const { gpus } = reservation
  const reserved = `Reserved ${gpus.length} GPU(s): ${gpuList(gpus)} ${terms}`
  if (json) {
    const { reservationDocument } = await import('../output/json/reservation.ts')
    print(reservationDocument(reservation))
  } else if (short) {
    notice(reserved, ...lines.slice(0, 1))
    print(gpus.join(','))
  } else print(reserved, ...lines)
}

/** CUDA counts by speed unless told otherwise, and then the numbers would mean other GPUs on a mixed host. */
function linesToCopy({ gpus }: Reservation): string[] {
  return ['export CUDA_DEVICE_ORDER=PCI_BUS_ID', `export CUDA_VISIBLE_DEVICES=${gpus.join(',')}`]
}
