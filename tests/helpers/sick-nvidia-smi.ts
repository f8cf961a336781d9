import type { Outcome } from './executable.ts'
import { canhazgpu } from './executable.ts'
import type { Host } from './host.ts'

/** A way in which nvidia-smi gives no answer that can be trusted about any GPU. */
export interface Sickness {
  readonly name: string
  /** What `FakeNvidiaSmi.before` runs; null when there is no nvidia-smi at all. */
  readonly lines: string | null
  /** What canhazgpu must say of it. */
  readonly says: string
  /** What it must advise, where that is not to look what the tool says. */
  readonly advises?: string
}

export const SICKNESSES: readonly Sickness[] = [
  {
    name: 'missing',
    lines: null,
    says: 'nvidia-smi was not found on PATH',
    advises: 'Install the NVIDIA driver, or put the directory of its tools on PATH',
  },
  {
    name: 'failing',
    lines: `echo "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."; exit 9`,
    says: "nvidia-smi failed (exit status 9): NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver",
  },
  {
    name: 'failing with its words on stderr',
    lines: 'echo "Failed to initialize NVML" >&2; exit 18',
    says: 'nvidia-smi failed (exit status 18): Failed to initialize NVML',
  },
  { name: 'failing without a word', lines: 'exit 255', says: 'nvidia-smi failed (exit status 255)' },
  {
    name: 'hanging',
    lines: 'exec sleep 600',
    says: 'nvidia-smi did not answer within 0.3s',
    advises: "Give it longer with --probe-timeout, and run 'nvidia-smi' to see whether it answers at all",
  },
  { name: 'killed', lines: 'kill -SEGV $$', says: 'nvidia-smi was killed by SIGSEGV' },
  {
    name: 'printing an error with exit status 0',
    lines: 'echo "Unable to determine the device handle for GPU0000:3B:00.0: Unknown Error"; exit 0',
    says: 'nvidia-smi gave an answer that cannot be read: Unable to determine the device handle for GPU0000:3B:00.0: Unknown Error',
  },
  {
    name: 'colouring the terminal',
    lines: String.raw`printf '\033[31mfailed\033[0m \033]0;title\007\n'; exit 1`,
    says: String.raw`nvidia-smi failed (exit status 1): \x1b[31mfailed\x1b[0m \x1b]0;title\x07`,
  },
]

export function adviceOn({ advises = "Run 'nvidia-smi' to see what is wrong" }: Sickness): string {
  return advises
}

/** Runs canhazgpu while nvidia-smi is sick, with a deadline that a test can wait for. */
export function whileSick(host: Host, { lines }: Sickness, args: readonly string[]): Promise<Outcome> {
  host.nvidiaSmi.before(lines)
  const PATH = lines === null ? '/nonexistent' : (host.env.PATH ?? '')
  return canhazgpu(args, { env: { ...host.env, PATH, CANHAZGPU_PROBE_TIMEOUT: '0.3s' } })
}
