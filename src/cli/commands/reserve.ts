import { formatDuration } from '../../core/duration.ts'
import { acquire } from '../acquire.ts'
import { defineCommand } from '../command.ts'
import { jsonOption } from '../json-option.ts'
import { duration } from '../options.ts'
import { localClock } from '../output/local-clock.ts'
import { requestOptions } from '../request-options.ts'

const SECOND_MS = 1000
const HOUR_MS = 3600 * SECOND_MS
const DAY_MS = 24 * HOUR_MS

export default defineCommand({
  name: 'reserve',
  summary: 'Reserve GPUs manually for a specified duration',
  examples: [
    'canhazgpu reserve',
    'canhazgpu reserve --gpus 2 --duration 4h',
    'canhazgpu reserve --duration 30m',
  ],
  options: {
    ...requestOptions,
    duration: duration({
      help: 'Duration to reserve GPUs: 30s, 30m, 2h, 1d, 0.5h, 1h30m',
      example: '--duration 4h',
      fallback: 8 * HOUR_MS,
      shownDefault: '8h',
      leastMs: SECOND_MS,
      mostMs: 365 * DAY_MS,
      bounds: 'from 1s to 365d',
    }),
    json: jsonOption,
  },
  async run(options, context) {
    const { duration: durationMs } = options
    const reservation = await acquire(context, await context.openProbedPool('write'), options, { durationMs })
    if (options.json) {
      const { reservationDocument } = await import('../output/json/reservation.ts')
      context.print(reservationDocument(reservation))
      return 0
    }
    const { gpus, reservedAt } = reservation
    const ends = localClock(reservedAt + durationMs)
    context.print(
      `Reserved ${gpus.length} GPU(s): [${gpus.join(', ')}] for ${formatDuration(durationMs)} (until ${ends})`,
      // CUDA counts by speed unless told otherwise, and then the numbers would mean other GPUs on a mixed host.
      'export CUDA_DEVICE_ORDER=PCI_BUS_ID',
      `export CUDA_VISIBLE_DEVICES=${gpus.join(',')}`,
    )
    return 0
  },
})
