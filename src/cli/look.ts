import { OtherMachineError, ProbeFailedError } from '../core/errors.ts'
import type { Pool } from '../core/pool.ts'
import type { PoolFacts } from '../core/status.ts'
import type { Usage } from '../core/usage.ts'
import type { Probe, Question } from '../probe/probe.ts'
import { sightAll } from '../process/identity.ts'
import type { Store } from '../store/store.ts'
import type { Context, ProbedPool } from './command.ts'
import { leaveForOthers } from './leave-for-others.ts'

/** The pool and the hardware at one moment. */
export interface Picture {
  readonly store: Store
  readonly pool: Pool
  readonly facts: PoolFacts
  /** When the tool began to look. */
  readonly askedAt: number
}

/** The pool and the hardware at this moment, for commands that only show. A sick GPU tool is a warning to them. */
export async function look(context: Context, question?: Question): Promise<Picture> {
  return lookAt(await context.openProbedPool('read', question), context)
}

/** The same, at a pool that is open already. @throws {OtherMachineError} when it cannot be seen from here */
export async function lookAt(
  { store, pool: before, probe, askedAt }: ProbedPool,
  context: Context,
): Promise<Picture> {
  await refuseFromElsewhere(store)
  const usage = await usageOrWarning(probe, context)
  // The probe may take seconds: what was reserved in the meantime belongs in the picture.
  const pool = (await store.read()) ?? before
  const { memoryThresholdMiB } = context
  const facts = { usage, memoryThresholdMiB, sightings: sightAll(pool), now: context.now() }
  return { store, pool, facts, askedAt }
}

/** @throws {OtherMachineError} for the pool of another machine, whose processes and GPUs are not those that can be seen here */
export async function refuseFromElsewhere({ fleet }: Store): Promise<void> {
  if (fleet && !(await fleet.isHere())) throw new OtherMachineError(fleet.host)
}

/** Leaves what was seen for other hosts; to be called when everything is printed. */
export function leaveSeen({ store, pool, facts, askedAt }: Picture): Promise<void> {
  return leaveForOthers(store, facts.usage, { pool, now: facts.now, askedAt })
}

/** A sick tool does not keep `status` from telling who has reserved what. */
async function usageOrWarning(probe: Probe, { notice }: Context): Promise<Usage | null> {
  try {
    return await probe.usage()
  } catch (error) {
    if (!(error instanceof ProbeFailedError)) throw error
    notice(`Warning: ${error.tool} ${error.problem}. What it would tell is missing below. ${error.next}`)
    return null
  }
}
