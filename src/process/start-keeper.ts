import { UsageError } from '../core/errors.ts'
import type { ProcessIdentity, RunReservation } from '../core/pool.ts'
import { startDetached } from '../system/spawn.ts'
import { KEEPER, OBSERVER } from './hidden-words.ts'

/** What the look at the hardware needs that a keeper orders from time to time. */
export interface ProbeOrders {
  /** As everybody may read it. */
  readonly storeUrl: string
  /** What not everybody may read: in the environment, which only the same user and root can see. */
  readonly storeEnvironment: Readonly<Record<string, string>>
  readonly memoryThresholdMiB: number
  readonly probeTimeoutMs: number
  /** After how much time without use a manual reservation is released when others wait; null for never. */
  readonly idleReleaseMs: number | null
}

const STORE_VARIABLES = ['CANHAZGPU_STORE', 'CANHAZGPU_STORE_FILE']

/** What a keeper is told on its command line, where everyone on the host can read what it holds. */
export interface KeeperOrders extends ProbeOrders {
  readonly reservationId: string
  readonly gpus: readonly number[]
  readonly task: RunTask | ManualTask
}

/** To watch the processes that a run reservation is bound to. */
export interface RunTask {
  readonly type: 'run'
  /** At least one; all of this boot and pid namespace. */
  readonly processes: readonly ProcessIdentity[]
  /**
   * After how long the process group of the only process is killed, null for never. Its supervisor does that sooner, unless
   * somebody has stopped both: then those who count on the known end would wait in vain.
   */
  readonly killAfterMs: number | null
  /** The reservation as it was made, where a store may lose it; null where it may not. */
  readonly claim: RunReservation | null
}

/** To tell the holder of a manual reservation what is about to happen to it. */
export interface ManualTask {
  readonly type: 'manual'
  /** The device of the holder's terminal. */
  readonly terminal: string
  /** How long before the end the holder is warned, null for not at all. */
  readonly warnBeforeMs: number | null
}

/** Starts the keeper of a reservation and does not wait for it. */
export function startKeeper(orders: KeeperOrders): void {
  startDetached([process.execPath, KEEPER, ...formatKeeperOrders(orders)], orders.storeEnvironment)
}

/** Sends somebody to look at the hardware, which may take seconds, and to write down what is there. */
export function startObserver(orders: ProbeOrders): void {
  startDetached([process.execPath, OBSERVER, ...formatProbeOrders(orders)], orders.storeEnvironment)
}

/** The orders as words for a command line. */
export function formatKeeperOrders({ reservationId, gpus, task, ...probe }: KeeperOrders): string[] {
  return [
    ...formatProbeOrders(probe),
    `reservation=${reservationId}`,
    `gpus=${gpus.join(',')}`,
    ...(task.type === 'run' ? formatRunTask(task) : formatManualTask(task)),
  ]
}

export function formatProbeOrders(orders: ProbeOrders): string[] {
  const { storeUrl, memoryThresholdMiB, probeTimeoutMs, idleReleaseMs } = orders
  return [
    `store=${storeUrl}`,
    `memory-threshold=${memoryThresholdMiB}`,
    `probe-timeout=${probeTimeoutMs}`,
    `idle-release=${idleReleaseMs ?? 'false'}`,
  ]
}

function formatRunTask({ processes, killAfterMs, claim }: RunTask): string[] {
  const [first] = processes
  return [
    `pid=${processes.map(({ pid }) => pid).join(',')}`,
    `start-ticks=${processes.map(({ startTicks }) => startTicks).join(',')}`,
    `boot=${first?.bootId ?? ''}`,
    `pid-namespace=${first?.pidNamespace ?? ''}`,
    `kill-after=${killAfterMs ?? 'false'}`,
    ...(claim ? [`claim=${JSON.stringify(claim)}`] : []),
  ]
}

function formatManualTask({ terminal, warnBeforeMs }: ManualTask): string[] {
  return [`terminal=${terminal}`, `warn-before=${warnBeforeMs ?? 'false'}`]
}

/** Reads the orders back from the words behind `keeper`. @throws {UsageError} when a person has typed them, wrongly */
export function parseKeeperOrders(words: readonly string[]): KeeperOrders {
  const order = reader(words)
  return {
    ...parseProbeOrders(words),
    reservationId: order('reservation'),
    gpus: order('gpus').split(',').map(Number),
    task: words.some(word => word.startsWith('terminal='))
      ? { type: 'manual', terminal: order('terminal'), warnBeforeMs: orFalse(order('warn-before')) }
      : {
          type: 'run',
          processes: parseProcesses(order),
          killAfterMs: orFalse(order('kill-after')),
          claim: words.some(word => word.startsWith('claim=')) ? parseClaim(order('claim')) : null,
        },
  }
}

/** Reads the orders back from the words behind `observer`. @throws {UsageError} */
export function parseProbeOrders(words: readonly string[]): ProbeOrders {
  const order = reader(words)
  return {
    storeUrl: order('store'),
    storeEnvironment: Object.fromEntries(
      STORE_VARIABLES.flatMap(name => {
        const value = process.env[name]
        return value === undefined ? [] : [[name, value]]
      }),
    ),
    memoryThresholdMiB: Number(order('memory-threshold')),
    probeTimeoutMs: Number(order('probe-timeout')),
    idleReleaseMs: orFalse(order('idle-release')),
  }
}

function parseProcesses(order: (name: string) => string): ProcessIdentity[] {
  const startTicks = order('start-ticks').split(',').map(Number)
  const [bootId, pidNamespace] = [order('boot'), order('pid-namespace')]
  return order('pid')
    .split(',')
    .map((pid, place) => ({ bootId, pidNamespace, pid: Number(pid), startTicks: startTicks[place] ?? 0 }))
}

/** @throws {SyntaxError} when a person has typed it */
function parseClaim(text: string): RunReservation {
  return JSON.parse(text) as RunReservation
}

function orFalse(text: string): number | null {
  return text === 'false' ? null : Number(text)
}

function reader(words: readonly string[]): (name: string) => string {
  const orders = new Map(words.map(word => splitAt(word, word.indexOf('='))))
  return name => {
    const value = orders.get(name)
    if (value !== undefined) return value
    throw new UsageError(
      `The keeper was not told its ${name}. It is started by 'canhazgpu run', and is not for people to type`,
    )
  }
}

function splitAt(word: string, at: number): [string, string] {
  return [word.slice(0, at), word.slice(at + 1)]
}
