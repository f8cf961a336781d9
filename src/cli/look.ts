import { ProbeFailedError } from '../core/errors.ts'
import type { Pool } from '../core/pool.ts'
import type { PoolFacts } from '../core/status.ts'
import type { Usage } from '../core/usage.ts'
import type { Probe } from '../probe/probe.ts'
import { sightAll } from '../process/identity.ts'
import type { Context } from './command.ts'

/** The pool and the hardware at this moment, for commands that only show. A sick GPU tool is a warning to them. */
export async function look(context: Context): Promise<{ pool: Pool; facts: PoolFacts }> {
  const { store, pool: before, probe } = await context.openProbedPool('read')
  const usage = await usageOrWarning(probe, context)
  // The probe may take seconds: what was reserved in the meantime belongs in the picture.
  const pool = (await store.read()) ?? before
  const { memoryThresholdMiB } = context
  return { pool, facts: { usage, memoryThresholdMiB, sightings: sightAll(pool), now: context.now() } }
}

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
