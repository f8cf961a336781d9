import { ProbeFailedError } from '../../core/errors.ts'
import { poolStatus } from '../../core/status.ts'
import { processOwner } from '../../system/user-name.ts'
import { statusLine } from '../output/status-lines.ts'
import type { HostFacts } from './facts.ts'
import { type Finding, withAdvice } from './finding.ts'

/** Nobody uses a GPU without having reserved it. */
export function checkUnreservedUse({ pool, usage, ...facts }: HostFacts): Finding {
  const check = 'unreserved use'
  if (usage instanceof ProbeFailedError)
    return { level: 'warning', check, text: 'not known while nvidia-smi fails - see driver' }
  const foreign = pool
    ? poolStatus(pool, { ...facts, usage }).filter(({ state }) => state === 'in-use-without-reservation')
    : []
  if (foreign.length === 0) return { level: 'ok', check, text: 'none' }
  const found = foreign.map(status => statusLine(status, facts.now, processOwner)).join('; ')
  const advice = "ask them to start programs with 'canhazgpu run', or end those that were forgotten"
  return { level: 'warning', check, text: withAdvice(found, advice) }
}
