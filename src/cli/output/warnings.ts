import { formatDuration } from '../../core/duration.ts'
import { gpuList } from '../../core/gpu-list.ts'
import { IDLE_WARNING_MS } from '../../core/idle.ts'
import type { ManualReservation } from '../../core/pool.ts'
import { localClock } from './local-clock.ts'

/** What a holder is told when a manual reservation is about to end. */
export function expiryWarning({ gpus, expiresAt }: ManualReservation, now: number): string {
  const when = `${localClock(expiresAt)}, in ${formatDuration(expiresAt - now)}`
  return `canhazgpu: your reservation of GPU(s) ${gpuList(gpus)} ends at ${when}. To keep it longer: canhazgpu extend`
}

/** What a holder is told whose GPUs are unused while others wait. */
export function idleWarning({ gpus }: ManualReservation, warnedAt: number): string {
  const when = localClock(warnedAt + IDLE_WARNING_MS)
  return `canhazgpu: your GPU(s) ${gpuList(gpus)} are unused and others are waiting for them. Unless you use them, they are released at ${when}`
}
