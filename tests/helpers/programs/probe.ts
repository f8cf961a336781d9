/** Asks the nvidia-smi on PATH: `usage|detailedUsage|gpuCount TIMEOUT_MS`. Prints the answer, or what the tool did wrong, as JSON, and leaves. */

import { ProbeFailedError } from '../../../src/core/errors.ts'
import { NvidiaSmiProbe } from '../../../src/probe/nvidia-smi.ts'
import { exitNow } from '../../../src/system/libc/processes.ts'

const [question, timeoutMs] = process.argv.slice(2)
const probe = new NvidiaSmiProbe(Number(timeoutMs))

async function answer(): Promise<unknown> {
  try {
    if (question === 'gpuCount') return { gpuCount: await probe.gpuCount() }
    const { tool, gpus } = await probe.usage({ details: question === 'detailedUsage' })
    return { tool, gpus: Object.fromEntries(gpus) }
  } catch (error) {
    if (!(error instanceof ProbeFailedError)) throw error
    return { tool: error.tool, problem: error.problem }
  }
}

console.log(JSON.stringify(await answer()))
// As a command does: a tool that hangs keeps nobody.
exitNow(0)
