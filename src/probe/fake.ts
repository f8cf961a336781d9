import type { Usage } from '../core/usage.ts'
import type { Probe } from './probe.ts'

/** Simulates idle GPUs, to try canhazgpu where there are none. Only ever chosen by name: `admin --provider fake`. */
export class FakeProbe implements Probe {
  constructor(private readonly poolSize: number) {}

  async usage(): Promise<Usage> {
    const idle = { memoryUsedMiB: 0, processes: [] }
    return {
      tool: 'the fake provider',
      gpus: new Map(Array.from({ length: this.poolSize }, (_, index) => [index, idle])),
    }
  }

  async gpuCount(): Promise<null> {
    return null
  }
}
