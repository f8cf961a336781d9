import { ProbeFailedError } from '../../core/errors.ts'
import type { HostFacts } from './facts.ts'
import { type Finding, withAdvice } from './finding.ts'

const NO_GPU = "the driver finds no GPU: look for them with 'lspci', and for Xid in 'dmesg'"

/** What to do about what nvidia-smi said or did, the first that fits; nvidia-smi(1), "RETURN VALUE". */
const ADVICE: readonly [sign: RegExp, advice: string][] = [
  [/not found on PATH/, 'install the NVIDIA driver, or make a pool of simulated GPUs with --provider fake'],
  [
    /version mismatch|\(exit status 18\)/i,
    'driver and library are of different versions, as after an update: reboot, or reload the nvidia kernel modules',
  ],
  [
    /communicate with the NVIDIA driver|\(exit status 9\)/,
    "the driver is not loaded: try 'sudo modprobe nvidia', then reinstall it for this kernel",
  ],
  [/No devices|\(exit status 6\)/, NO_GPU],
  [
    /lost|fallen off|\(exit status 15\)/,
    "a GPU has fallen off the bus: look for Xid in 'dmesg', then reboot",
  ],
  [/did not answer/, "a GPU may hang: look for Xid in 'dmesg'; a slow host needs a longer --probe-timeout"],
  [/Permission|permission|\(exit status 4\)/, 'check the permissions of /dev/nvidia*'],
]

/** nvidia-smi answers, which it only does when driver and library fit together. */
export function checkDriver({ health, usage }: HostFacts): Finding {
  const check = 'driver'
  if (health === null) return { level: 'ok', check, text: 'not needed: the GPUs are simulated' }
  const failure = [health, usage].find(answer => answer instanceof ProbeFailedError)
  if (failure instanceof ProbeFailedError) {
    const advice =
      ADVICE.find(([sign]) => sign.test(failure.problem))?.[1] ?? `run '${failure.tool}' to see more`
    return { level: 'problem', check, text: withAdvice(`${failure.tool} ${failure.problem}`, advice) }
  }
  if (health instanceof ProbeFailedError) throw health
  if (health.gpus.length === 0)
    return { level: 'problem', check, text: withAdvice('nvidia-smi answers, and reports no GPU', NO_GPU) }
  const version = health.driverVersion === null ? '' : ` of driver ${health.driverVersion}`
  return { level: 'ok', check, text: `nvidia-smi${version} answers for ${health.gpus.length} GPUs` }
}
