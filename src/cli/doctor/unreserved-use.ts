import { ProbeFailedError } from '../../core/errors.ts'
import { displayName } from '../../core/pool.ts'
import { type GpuStatus, poolStatus } from '../../core/status.ts'
import type { Usage } from '../../core/usage.ts'
import { processOwner, processUid } from '../../system/user-name.ts'
import { programName, statusLine } from '../output/status-lines.ts'
import type { HostFacts } from './facts.ts'
import { type Finding, withAdvice } from './finding.ts'

/** Nobody uses a GPU without having reserved it. */
export function checkUnreservedUse({ pool, usage, ...facts }: HostFacts): Finding {
  const check = 'unreserved use'
  if (usage instanceof ProbeFailedError)
    return { level: 'warning', check, text: 'not known while nvidia-smi fails - see driver' }
  const statuses = pool ? poolStatus(pool, { ...facts, usage }) : []
  const found = statuses.flatMap(status =>
    status.state === 'in-use-without-reservation'
      ? [statusLine(status, facts.now, processOwner)]
      : usedByOthers(status, usage),
  )
  if (found.length === 0) return { level: 'ok', check, text: 'none' }
  const advice = "ask them to start programs with 'canhazgpu run', or end those that were forgotten"
  return { level: 'warning', check, text: withAdvice(found.join('; '), advice) }
}

/** Who is on a GPU that somebody else has reserved. Root's processes may well be the holder's: of a container, or by sudo. */
function usedByOthers(status: GpuStatus, usage: Usage | null): string[] {
  if (status.state !== 'reserved') return []
  const { index, reservation } = status
  const others = (usage?.gpus.get(index)?.processes ?? []).filter(({ pid }) => {
    const uid = processUid(pid)
    return uid !== null && uid !== 0 && uid !== reservation.holder.uid
  })
  return others.map(
    ({ pid, name }) =>
      `GPU ${index} is reserved by ${displayName(reservation)}, and used by PID ${pid} (${programName(name)}) of ${processOwner(pid)}`,
  )
}
