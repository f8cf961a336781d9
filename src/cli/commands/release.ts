import { releaseManual } from '../../core/release.ts'
import { sightAll } from '../../process/identity.ts'
import { defineCommand } from '../command.ts'
import { initialized } from '../context.ts'

export default defineCommand({
  name: 'release',
  summary: 'Release all manually reserved GPUs held by the current user',
  examples: ['canhazgpu release'],
  options: {},
  async run(_options, context) {
    const { store } = await context.openPool('write')
    const gpus = await store.update(stored => {
      const pool = initialized(stored)
      return releaseManual(pool, context.holder.uid, sightAll(pool), context.now())
    })
    context.print(
      gpus.length > 0
        ? `Released ${gpus.length} GPU(s): [${gpus.join(', ')}]`
        : 'No manually reserved GPUs found for current user',
    )
    return 0
  },
})
