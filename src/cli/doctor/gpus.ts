import { ProbeFailedError } from '../../core/errors.ts'
import type { HostFacts } from './facts.ts'
import { type Finding, listed, withAdvice } from './finding.ts'

/** Every GPU of the pool can be validated; one that cannot is not handed out. */
export function checkGpus({ pool, usage }: HostFacts): Finding {
  const check = 'GPUs'
  if (!pool) return { level: 'ok', check, text: 'there is no pool to compare them with' }
  if (usage === null) return { level: 'ok', check, text: `all ${pool.gpus.length} are simulated` }
  if (usage instanceof ProbeFailedError)
    return { level: 'problem', check, text: 'none can be validated, so none is handed out - see driver' }
  const missing = pool.gpus.filter(({ index }) => !usage.gpus.has(index))
  if (missing.length === 0)
    return { level: 'ok', check, text: `nvidia-smi reports all ${pool.gpus.length} of the pool` }
  const undrained = missing.filter(({ drain }) => drain === null)
  const found = `nvidia-smi does not report, or cannot read, ${listed(missing)} of the pool`
  if (undrained.length === 0) return { level: 'ok', check, text: `${found}, drained` }
  const ids = undrained.map(({ index }) => index).join(',')
  const advice = `look for Xid in 'dmesg'; until they are back, tell people with 'canhazgpu admin --drain ${ids} --note broken'`
  return { level: 'problem', check, text: withAdvice(found, advice) }
}
