import { DAY_MS, formatDuration, HOUR_MS, parseDuration } from '../../core/duration.ts'
import { UsageError } from '../../core/errors.ts'
import { extend } from '../../core/extend.ts'
import { gpuList } from '../../core/gpu-list.ts'
import { sightAll } from '../../process/identity.ts'
import { defineCommand } from '../command.ts'
import { initialized } from '../context.ts'
import { localClock } from '../output/local-clock.ts'
import { gpuIds } from '../request-options.ts'

const MOST_MS = 365 * DAY_MS

export default defineCommand({
  name: 'extend',
  summary: 'Keep your manually reserved GPUs longer',
  examples: ['canhazgpu extend', 'canhazgpu extend 2h', 'canhazgpu extend 30m --gpu-ids 1'],
  operand: '[DURATION]',
  options: {
    gpuIds: gpuIds({
      short: 'G',
      help: 'Only the reservations that these GPUs are in, instead of all of yours',
      example: '--gpu-ids 1,3',
    }),
  },
  async run({ gpuIds }, context) {
    const durationMs = readDuration(context.operands?.[0])
    const { store } = await context.openPool('write')
    const now = context.now()
    const extended = await store.update(stored => {
      const pool = initialized(stored)
      const extension = { holder: context.holder, gpuIds, durationMs }
      return extend(pool, extension, { sightings: sightAll(pool), now })
    })
    context.print(
      ...extended.map(({ gpus, expiresAt }) => {
        const left = formatDuration(expiresAt - now)
        return `Extended ${gpus.length} GPU(s): ${gpuList(gpus)} by ${formatDuration(durationMs)} (until ${localClock(expiresAt)}, in ${left})`
      }),
    )
    return 0
  },
})

function readDuration(text: string | undefined): number {
  if (text === undefined) return HOUR_MS
  const ms = parseDuration(text)
  if (ms !== null && ms >= 1000 && ms <= MOST_MS) return ms
  throw new UsageError(
    `Invalid duration: "${text}". Use one from 1s to 365d, for example canhazgpu extend 2h`,
  )
}
