import { MAX_GPUS } from '../core/initialize.ts'
import { IDLE, type Usage } from '../core/usage.ts'
import type { Probe } from './probe.ts'

/**
 * Simulates idle GPUs, to try canhazgpu where there are none. Only ever chosen by name: `admin --provider fake`. There are
 * always as many as a pool can have: one that has grown while somebody waits finds its new GPUs idle, too.
 */
export class FakeProbe implements Probe {
  async usage(): Promise<Usage> {
    return {
      tool: 'the fake provider',
      gpus: new Map(Array.from({ length: MAX_GPUS }, (_, index) => [index, IDLE])),
    }
  }

  async gpuCount(): Promise<null> {
    return null
  }
}
