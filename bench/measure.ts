/** Wall times of whole processes, taken in turn, so that a ratio holds also where the machine's speed drifts. */

export interface Timing {
  readonly medianMs: number
  readonly minMs: number
  readonly maxMs: number
}

export interface Comparison {
  readonly subject: Timing
  readonly base: Timing
  /** The median of the ratios pair by pair. */
  readonly ratio: number
}

/** Times two actions in turn, after one warm-up of each that does not count. */
export function compare(subject: () => void, base: () => void, rounds: number): Comparison {
  subject()
  base()
  const pairs = Array.from({ length: rounds }, () => [timed(subject), timed(base)] as const)
  return {
    subject: timing(pairs.map(([ms]) => ms)),
    base: timing(pairs.map(([, ms]) => ms)),
    ratio: median(pairs.map(([subjectMs, baseMs]) => subjectMs / baseMs)),
  }
}

export function timing(times: readonly number[]): Timing {
  return { medianMs: median(times), minMs: Math.min(...times), maxMs: Math.max(...times) }
}

function timed(action: () => void): number {
  const start = performance.now()
  action()
  return performance.now() - start
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]]
  return (low + high) / 2
}

/** Runs a process to its end. @throws {Error} when it fails: a figure of a failure would be worth nothing */
export function run(command: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  const { exitCode, stderr } = Bun.spawnSync([...command], {
    // Without a home, as no user is, it would be looked up by the name service.
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}: ${stderr}`)
}

/** A row of bench/README.md. */
export interface Figure {
  readonly question: string
  readonly answer: string
  /** Of the whole-process times of a compiled hello world, or whatever `answer` is compared with. */
  readonly ratio: string
  readonly aim: string
  /** Whether the aim is reached; null where there is none. */
  readonly reached: boolean | null
}

export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`
}
