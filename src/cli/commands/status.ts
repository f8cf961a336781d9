import { processOwner } from '../../system/user-name.ts'
import { allHosts } from '../all-option.ts'
import { defineCommand } from '../command.ts'
import { jsonOption } from '../json-option.ts'
import { leaveSeen, look } from '../look.ts'
import { flag } from '../options.ts'
import { statusLines } from '../output/status-lines.ts'
import { watchInterval } from '../watch-option.ts'

const BOTH_SAY = 'both say what is printed'

export default defineCommand({
  name: 'status',
  summary: 'Show current GPU allocation status',
  examples: [
    'canhazgpu status',
    'canhazgpu status --watch',
    'canhazgpu status --summary',
    'canhazgpu status --all',
  ],
  options: {
    all: allHosts(
      'Show every host that shares the store',
      ['watch'],
      'the status that is kept up is that of one host',
    ),
    wide: flag({
      help: 'Show model, total memory, utilization and temperature of every GPU, too',
      example: '--wide',
    }),
    summary: flag({
      help: 'Print one line for prompts and status bars',
      example: '--summary',
      excludes: ['watch', 'json'],
      excludesBecause: BOTH_SAY,
    }),
    watch: watchInterval({
      help: 'Keep showing it, anew every so many seconds (2 when none are given); q leaves',
      example: '--watch 5',
    }),
    json: { ...jsonOption, excludes: ['watch'], excludesBecause: BOTH_SAY },
  },
  async run({ all, wide, summary, watch: intervalMs, json }, context) {
    if (all || context.origins.given.has('host')) {
      const { showHosts } = await import('../fleet/show-status.ts')
      if (await showHosts(context, { all, wide, summary, json, isWatched: intervalMs !== null })) return 0
    }
    if (intervalMs !== null) {
      const { watchStatus } = await import('../watch.ts')
      return watchStatus(context, { intervalMs, wide })
    }
    const picture = await look(context, { details: wide || json })
    const { pool, facts } = picture
    if (json) {
      const { statusDocument } = await import('../output/json/status.ts')
      context.print(statusDocument(pool, facts, processOwner))
    } else if (summary) {
      const { poolSummaryLine } = await import('../output/summary-line.ts')
      context.print(poolSummaryLine(pool, facts))
    } else {
      context.printColoured(...statusLines(pool, facts, processOwner))
    }
    await leaveSeen(picture)
    return 0
  },
})
