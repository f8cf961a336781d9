import { ProbeFailedError } from '../../core/errors.ts'
import type { DriverHealth } from '../../probe/nvidia-smi-health.ts'
import type { HostFacts } from './facts.ts'
import { type Finding, listed, withAdvice } from './finding.ts'

/** Without persistence mode the driver goes to sleep with the last program, and every query has to wake it: that takes seconds. */
export function checkPersistenceMode(facts: HostFacts): Finding {
  return onGpus('persistence mode', facts, ({ gpus }) => {
    const off = gpus.filter(({ persistenceMode }) => persistenceMode === false)
    if (off.length === 0) return { level: 'ok', text: 'on' }
    const advice =
      "every query may take seconds: enable nvidia-persistenced, or run 'sudo nvidia-smi -pm 1' after each boot"
    return { level: 'warning', text: withAdvice(`off on ${listed(off)}`, advice) }
  })
}

/** A GPU that is divided by MIG is not one GPU any more, and its slices are not handed out yet. */
export function checkMig(facts: HostFacts): Finding {
  return onGpus('MIG', facts, ({ gpus }) => {
    const isDrained = (index: number) =>
      facts.pool?.gpus.some(gpu => gpu.index === index && gpu.drain !== null)
    const on = gpus.filter(({ mig }) => mig === true)
    if (on.length === 0) return { level: 'ok', text: 'off' }
    const open = on.filter(({ index }) => !isDrained(index))
    if (open.length === 0) return { level: 'ok', text: `on, and drained: ${listed(on)}` }
    const ids = open.map(({ index }) => index)
    const advice = `slices are not handed out yet: keep such GPUs out with 'canhazgpu admin --drain ${ids.join(',')} --note MIG', or turn it off with 'sudo nvidia-smi -i ${ids.join(',')} -mig 0'`
    return { level: 'warning', text: withAdvice(`on for ${listed(open)}`, advice) }
  })
}

/** The ids that are handed out are nvidia-smi's, and CUDA must count the same way. */
export function checkIndexOrder(facts: HostFacts): Finding {
  return onGpus('index order', facts, ({ gpus }) => {
    const known = gpus.filter(({ busId }) => busId !== null)
    const byBus = known.toSorted((a, b) => ((a.busId ?? '') < (b.busId ?? '') ? -1 : 1))
    const wrong = known.filter((gpu, place) => byBus[place] !== gpu)
    if (wrong.length > 0) {
      const advice =
        'programs would run on other GPUs than they were given: reboot, and if that does not help report it to NVIDIA'
      return {
        level: 'problem',
        text: withAdvice(`nvidia-smi does not count ${listed(wrong)} in the order of the PCI bus`, advice),
      }
    }
    const { cudaDeviceOrder: order } = facts
    if (order === undefined || order === 'PCI_BUS_ID') return { level: 'ok', text: 'that of the PCI bus' }
    const advice =
      "programs that do not start with 'canhazgpu run' may use other GPUs than they were given: export CUDA_DEVICE_ORDER=PCI_BUS_ID"
    return { level: 'warning', text: withAdvice(`CUDA_DEVICE_ORDER is ${order} in your environment`, advice) }
  })
}

function onGpus(
  check: string,
  { health }: HostFacts,
  examine: (health: DriverHealth) => Omit<Finding, 'check'>,
): Finding {
  if (health === null) return { level: 'ok', check, text: 'of no meaning for simulated GPUs' }
  if (health instanceof ProbeFailedError)
    return { level: 'warning', check, text: 'not known while nvidia-smi fails - see driver' }
  if (health.gpus.length === 0)
    return { level: 'warning', check, text: 'not known while nvidia-smi reports no GPU - see driver' }
  return { check, ...examine(health) }
}
