import { parseDuration } from '../core/duration.ts'
import { UsageError } from '../core/errors.ts'
import { MAX_GPUS } from '../core/initialize.ts'
import { POLICIES, type Wanted } from '../core/pool.ts'
import {
  choice,
  type Option,
  type Options,
  type OptionValues,
  optionalLabel,
  wholeNumber,
} from './options.ts'

/** What `run` and `reserve` both take: which GPUs, and whether to wait for them. */
export const requestOptions = shared({
  gpus: wholeNumber({
    placeholder: 'N',
    short: 'g',
    help: 'Number of GPUs to reserve',
    example: '--gpus 2',
    most: MAX_GPUS,
    fallback: 1,
  }),
  gpuIds: gpuIds({
    short: 'G',
    help: 'Reserve exactly these GPUs, instead of --gpus',
    example: '--gpu-ids 1,3',
    insteadOf: 'gpus',
  }),
  policy: choice({
    placeholder: 'NAME',
    choices: POLICIES,
    help: 'How GPUs are chosen: lru (released longest ago), mru-user (the ones you had last) or pack (neighbours)',
    example: '--policy pack',
    fallback: 'lru',
  }),
  wait: wait({
    help: 'Wait in line until the GPUs come free, or at most so long',
    example: '--wait 2h',
  }),
  note: optionalLabel({
    placeholder: 'TEXT',
    mostLength: 200,
    short: 'n',
    help: 'What it is for; everybody can read it',
    example: '--note ablation',
  }),
  user: optionalLabel({
    placeholder: 'NAME',
    mostLength: 64,
    short: 'u',
    help: 'Your name, on an account that several people share; for display only',
    example: '--user alice',
  }),
})

function shared<O extends Options>(options: O): O {
  const entries = Object.entries(options).map(([key, option]) => [key, { ...option, shared: true }])
  return Object.fromEntries(entries)
}

/** @throws {UsageError} when `--gpus` and `--gpu-ids` disagree */
export function wantedGpus({ gpus, gpuIds, policy }: OptionValues<typeof requestOptions>): Wanted {
  if (gpuIds === null) return { count: gpus, gpuIds, policy }
  if (gpus !== 1 && gpus !== gpuIds.length) {
    throw new UsageError(
      `--gpus ${gpus} and ${gpuIds.length} GPU(s) in --gpu-ids do not fit. Use one of the two`,
    )
  }
  return { count: gpuIds.length, gpuIds, policy }
}

/** A list of GPU ids with ranges, `0-3,5`; ascending, each once. */
export function gpuIds(details: {
  help: string
  example: string
  short?: string
  insteadOf?: string
}): Option<number[] | null> {
  return {
    ...details,
    placeholder: 'IDS',
    completes: 'gpus',
    written: ['text', 'number', 'list'],
    expected: 'GPU IDs with commas, or ranges of them',
    parse: parseGpuIds,
    fallback: null,
  }
}

/** The largest id that can be meant: a slip of the finger in a range must not fill the memory. */
const MAX_GPU_ID = 9999

function parseGpuIds(text: string): number[] | undefined {
  const ids = new Set<number>()
  for (const part of text.split(',')) {
    const [, first, last = first] = /^\s*(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(part) ?? []
    const [from, to] = [Number(first), Number(last)]
    if (first === undefined || from > to || to > MAX_GPU_ID) return undefined
    for (let id = from; id <= to; id++) ids.add(id)
  }
  return [...ids].sort((a, b) => a - b)
}

/** Milliseconds, Infinity for as long as it takes, null for not at all. */
function wait(details: { help: string; example: string }): Option<number | null> {
  return {
    ...details,
    placeholder: 'DURATION',
    bare: 'true',
    written: ['text', 'boolean'],
    expected: 'a duration, true or false',
    parse: text => {
      if (text === 'true') return Infinity
      if (text === 'false') return null
      const ms = parseDuration(text)
      return ms !== null && ms > 0 ? ms : undefined
    },
    fallback: null,
  }
}
