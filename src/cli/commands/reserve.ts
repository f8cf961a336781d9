import { formatDuration } from '../../core/duration.ts'
import { reserve } from '../../core/reserve.ts'
import { sightAll } from '../../process/identity.ts'
import { defineCommand } from '../command.ts'
import { initialized } from '../context.ts'
import { duration, positiveInteger } from '../options.ts'
import { localClock } from '../output/local-clock.ts'

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
    gpus: positiveInteger({
      placeholder: 'N',
      help: 'Number of GPUs to reserve',
      example: '--gpus 2',
      fallback: 1,
    }),
    duration: duration({
      help: 'Duration to reserve GPUs: 30s, 30m, 2h, 1d, 0.5h, 1h30m',
      example: '--duration 4h',
      fallback: 8 * HOUR_MS,
      shownDefault: '8h',
      leastMs: SECOND_MS,
      mostMs: 365 * DAY_MS,
      bounds: 'from 1s to 365d',
    }),
  },
  async run({ gpus: count, duration: durationMs }, context) {
    const { store, probe } = await context.openProbedPool('write')
    const { memoryThresholdMiB } = context
    const request = { id: context.newId(), holder: context.holder, count, until: { durationMs } }
    const usage = await probe.usage()
    const { gpus, reservedAt } = await store.update(stored => {
      const pool = initialized(stored)
      const sightings = sightAll(pool.reservations)
      return reserve(pool, request, { usage, memoryThresholdMiB, sightings, now: context.now() })
    })
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
