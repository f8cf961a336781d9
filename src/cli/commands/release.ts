import { releaseManual } from '../../core/release.ts'
import { sightAll } from '../../process/identity.ts'
import { defineCommand } from '../command.ts'
import { initialized } from '../context.ts'
import { jsonOption } from '../json-option.ts'

export default defineCommand({
  name: 'release',
  summary: 'Release all manually reserved GPUs held by the current user',
  examples: ['canhazgpu release'],
  options: { json: jsonOption },
  async run({ json }, context) {
    const { store } = await context.openPool('write')
    const gpus = await store.update(stored => {
      const pool = initialized(stored)
      return releaseManual(pool, context.holder.uid, sightAll(pool), context.now())
    })
    if (json) {
      const { releaseDocument } = await import('../output/json/release.ts')
      context.print(releaseDocument(gpus))
      return 0
    }
    context.print(
      gpus.length > 0
        ? `Released ${gpus.length} GPU(s): [${gpus.join(', ')}]`
        : 'No manually reserved GPUs found for current user',
    )
    return 0
  },
})
