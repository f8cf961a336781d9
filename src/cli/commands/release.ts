import { DAY_MS, SECOND_MS } from '../../core/duration.ts'
import { gpuList } from '../../core/gpu-list.ts'
import { releaseManual } from '../../core/release.ts'
import { sightAll } from '../../process/identity.ts'
import { defineCommand } from '../command.ts'
import { initialized } from '../context.ts'
import { jsonOption } from '../json-option.ts'
import { lookForOthers } from '../look-for-others.ts'
import { duration, flag } from '../options.ts'
import { gpuIds } from '../request-options.ts'

export default defineCommand({
  name: 'release',
  summary: 'Release all manually reserved GPUs held by the current user',
  examples: ['canhazgpu release', 'canhazgpu release --gpu-ids 1,3'],
  options: {
    gpuIds: gpuIds({
      short: 'G',
      help: 'Release only these GPUs, and end commands of your own that run on them; root may do so to anybody',
      example: '--gpu-ids 1,3',
    }),
    yes: flag({
      short: 'y',
      help: 'With --gpu-ids: do not ask before a command is ended',
      example: '--gpu-ids 1 --yes',
    }),
    grace: duration({
      help: 'With --gpu-ids: how long after SIGTERM a command is killed',
      example: '--grace 1m',
      fallback: 30 * SECOND_MS,
      shownDefault: '30s',
      leastMs: 1,
      mostMs: 365 * DAY_MS,
      bounds: 'up to 365d',
    }),
    json: jsonOption,
  },
  async run(options, context) {
    const { gpuIds: ids, json } = options
    const { store, pool: present } = await context.openPool('write')
    if (ids !== null) {
      const { releaseGpus } = await import('../release-gpus.ts')
      return releaseGpus({ ...options, gpuIds: ids }, { store, pool: present }, context)
    }
    const gpus = await store.update(stored => {
      const pool = initialized(stored)
      return releaseManual(pool, context.holder.uid, sightAll(pool), context.now())
    })
    if (gpus.length > 0) await lookForOthers(context, store)
    if (json) {
      const { releaseDocument } = await import('../output/json/release.ts')
      context.print(releaseDocument(gpus))
      return 0
    }
    context.print(
      gpus.length > 0
        ? `Released ${gpus.length} GPU(s): ${gpuList(gpus)}`
        : 'No manually reserved GPUs found for current user',
    )
    return 0
  },
})
