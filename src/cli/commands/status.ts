import { poolStatus } from '../../core/status.ts'
import { processOwner } from '../../system/user-name.ts'
import { defineCommand } from '../command.ts'
import { look } from '../look.ts'
import { statusLine } from '../output/status-lines.ts'

export default defineCommand({
  name: 'status',
  summary: 'Show current GPU allocation status',
  examples: ['canhazgpu status'],
  options: {},
  async run(_options, context) {
    const { pool, facts } = await look(context)
    const statuses = poolStatus(pool, facts)
    context.print(...statuses.map(status => statusLine(status, facts.now, processOwner)))
    return 0
  },
})
