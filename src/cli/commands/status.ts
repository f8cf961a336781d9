import { UsageError } from '../../core/errors.ts'
import { processOwner } from '../../system/user-name.ts'
import { defineCommand } from '../command.ts'
import { jsonOption } from '../json-option.ts'
import { look } from '../look.ts'
import { flag } from '../options.ts'
import { statusLines } from '../output/status-lines.ts'
import { watchInterval } from '../watch-option.ts'

export default defineCommand({
  name: 'status',
  summary: 'Show current GPU allocation status',
  examples: ['canhazgpu status', 'canhazgpu status --watch', 'canhazgpu status --summary'],
  options: {
    wide: flag({
      help: 'Show model, total memory, utilization and temperature of every GPU, too',
      example: '--wide',
    }),
    summary: flag({ help: 'Print one line for prompts and status bars', example: '--summary' }),
    watch: watchInterval({
      help: 'Keep showing it, anew every so many seconds (2 when none are given); q leaves',
      example: '--watch 5',
    }),
    json: jsonOption,
  },
  async run({ wide, summary, watch: intervalMs, json }, context) {
    const forms = Object.entries({ '--json': json, '--summary': summary, '--watch': intervalMs !== null })
    const [first, second] = forms.flatMap(([name, given]) => (given ? [name] : []))
    if (second) throw new UsageError(`Options ${first} and ${second} do not go together. Use one of them`)
    if (intervalMs !== null) {
      const { watchStatus } = await import('../watch.ts')
      return watchStatus(context, { intervalMs, wide })
    }
    const { pool, facts } = await look(context, { details: wide || json })
    if (json) {
      const { statusDocument } = await import('../output/json/status.ts')
      context.print(statusDocument(pool, facts, processOwner))
    } else if (summary) {
      const { poolSummaryLine } = await import('../output/summary-line.ts')
      context.print(poolSummaryLine(pool, facts))
    } else {
      context.printColoured(...statusLines(pool, facts, processOwner))
    }
    return 0
  },
})
