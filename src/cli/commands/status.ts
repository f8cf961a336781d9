import { ProbeFailedError } from '../../core/errors.ts'
import { poolStatus } from '../../core/status.ts'
import type { Usage } from '../../core/usage.ts'
import type { Probe } from '../../probe/probe.ts'
import { sightAll } from '../../process/identity.ts'
import { processOwner } from '../../system/user-name.ts'
import { type Context, defineCommand } from '../command.ts'
import { statusLine } from '../output/status-lines.ts'

export default defineCommand({
  name: 'status',
  summary: 'Show current GPU allocation status',
  examples: ['canhazgpu status'],
  options: {},
  async run(_options, context) {
    const { store, pool: before, probe } = await context.openProbedPool('read')
    const usage = await usageOrWarning(probe, context)
    // The probe may take seconds: what was reserved in the meantime belongs in the picture.
    const pool = (await store.read()) ?? before
    const now = context.now()
    const sightings = sightAll(pool.reservations)
    const { memoryThresholdMiB } = context
    const statuses = poolStatus(pool, { usage, memoryThresholdMiB, sightings, now })
    context.print(...statuses.map(status => statusLine(status, now, processOwner)))
    return 0
  },
})

/** A sick tool does not keep `status` from telling who has reserved what. */
async function usageOrWarning(probe: Probe, { notice }: Context): Promise<Usage | null> {
  try {
    return await probe.usage()
  } catch (error) {
    if (!(error instanceof ProbeFailedError)) throw error
    notice(`Warning: ${error.tool} ${error.problem}. What it would tell is missing below`)
    return null
  }
}
