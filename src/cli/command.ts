import type { Holder, Pool } from '../core/pool.ts'
import type { Probe, Question } from '../probe/probe.ts'
import type { ProbeOrders } from '../process/start-keeper.ts'
import type { Store, StoreAccess } from '../store/store.ts'
import type { ConfigFile } from './config/layers.ts'
import type { standingSettings } from './config/standing-settings.ts'
import type { Options, OptionValues } from './options.ts'
import type { ColouredLine } from './output/colour.ts'
import type { Given } from './parse-options.ts'
import type { Layer } from './settings.ts'

/** Where values come from, besides the defaults. */
export interface Origins {
  /** What stands on the command line. */
  readonly given: Given
  /** The configuration files, the later ones winning. */
  readonly files: readonly ConfigFile[]
  /** These files and the environment, the later ones winning. */
  readonly layers: readonly Layer[]
}

/** A pool on whose GPUs the tool is looking. */
export interface ProbedPool {
  readonly store: Store
  readonly pool: Pool
  readonly probe: Probe
  /** When the tool began to look, before the pool was read. */
  readonly askedAt: number
}

/** All that a command may touch. */
export interface Context {
  /** With its password, where it has one: not for people to see. */
  readonly storeUrl: string
  /** How programs that are started are told of the store. */
  readonly storeForOthers: Pick<ProbeOrders, 'storeUrl' | 'storeEnvironment'>
  readonly memoryThresholdMiB: number
  readonly probeTimeoutMs: number
  /** What is set in configuration files and is no option. */
  readonly settings: OptionValues<typeof standingSettings>
  readonly origins: Origins
  /** The user who runs the command. */
  readonly holder: Holder
  /** What stands behind `--`, decoded, or the operand of a command that takes one; null when there is none. */
  readonly operands: readonly string[] | null
  /** The descriptor that tells a supervisor when this process becomes the command; null when there is none. */
  readonly supervisorFd: number | null
  openStore(access: StoreAccess): Promise<Store>
  /** The store, and the pool in it as it is now. @throws {PoolNotInitializedError} */
  openPool(access: StoreAccess): Promise<{ store: Store; pool: Pool }>
  /** The same, and the probe for the pool's provider, to be asked for its usage. @throws {PoolNotInitializedError} */
  openProbedPool(access: StoreAccess, question?: Question): Promise<ProbedPool>
  now(): number
  newId(): string
  /** Writes lines of results to stdout. */
  print(...lines: string[]): void
  /** Writes lines of results to stdout, in colour where it is welcome. */
  printColoured(...lines: ColouredLine[]): void
  /** Writes lines for people to stderr. */
  notice(...lines: string[]): void
}

/** A command is data and one function; its second argument is all that it may touch. */
export interface Command<O extends Options = Options> {
  readonly name: string
  readonly summary: string
  readonly examples: readonly string[]
  readonly options: O
  /** Whether it takes words behind `--`. */
  readonly takesCommand?: boolean
  /** One word that may stand behind the options, as help shows it: `[DURATION]`. */
  readonly operand?: string
  /** All that this word can be, where that is a few. */
  readonly operandChoices?: readonly string[]
  /** @returns the exit status */
  run(options: OptionValues<O>, context: Context): Promise<number>
}

export function defineCommand<O extends Options>(command: Command<O>): Command<O> {
  return command
}
