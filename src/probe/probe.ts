import type { Provider } from '../core/pool.ts'
import type { Usage } from '../core/usage.ts'
import { FakeProbe } from './fake.ts'
import { NvidiaSmiProbe } from './nvidia-smi.ts'

/** How the hardware is asked. */
export interface Question {
  /** Whether `GpuUsage.details` is wanted, too; the tool takes longer for it. */
  readonly details?: boolean
  /** Ends the tool when nobody wants its answer any more. */
  readonly abandoned?: AbortSignal
}

/** Asks the hardware. */
export interface Probe {
  /**
   * What is on the GPUs right now.
   *
   * @throws {ProbeFailedError} when the tool gave no answer that can be trusted
   */
  usage(): Promise<Usage>

  /**
   * How many GPUs the host has, null when there is no bound.
   *
   * @throws {ProbeFailedError} when the tool gave no answer that can be trusted
   */
  gpuCount(): Promise<number | null>
}

/** How long the GPU tool may take. nvidia-smi has been seen to need 6 to 27 s on a large host. */
export const DEFAULT_PROBE_TIMEOUT_MS = 30_000

export function openProbe(provider: Provider, timeoutMs: number): Probe {
  return provider === 'fake' ? new FakeProbe() : new NvidiaSmiProbe(timeoutMs)
}
