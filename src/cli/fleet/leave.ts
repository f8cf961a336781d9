import { UserError } from '../../core/errors.ts'
import type { Pool } from '../../core/pool.ts'
import type { Usage } from '../../core/usage.ts'
import type { Store } from '../../store/store.ts'
import { processOwner } from '../../system/user-name.ts'

/** So long a command may be kept by a server that does not answer: it has done its work already. */
const MOST_MS = 200

/**
 * Leaves what a probe has said for other hosts to see, with the users of the processes, whom only this host can tell. It is a
 * service to others: where it fails, or takes too long, nobody needs to hear of it.
 *
 * @param askedAt when the probe began to look
 */
export async function leaveUsage(
  { fleet }: Store,
  usage: Usage | null,
  { pool, now, askedAt }: { pool: Pool; now: number; askedAt: number },
): Promise<void> {
  if (!fleet || !usage) return
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, MOST_MS)
  const left = fleet.leave(withOwners(usage, pool), now, askedAt).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error
  })
  await Promise.race([left, late])
  clearTimeout(timer)
}

/** What matters of it: the GPUs of the pool. */
function withOwners({ tool, gpus: seen }: Usage, pool: Pool): Usage {
  const gpus = [...seen].filter(([index]) => pool.gpus.some(gpu => gpu.index === index))
  return {
    tool,
    gpus: new Map(
      gpus.map(([index, gpu]) => [
        index,
        {
          ...gpu,
          processes: gpu.processes.map(process => ({ ...process, userName: processOwner(process.pid) })),
        },
      ]),
    ),
  }
}
