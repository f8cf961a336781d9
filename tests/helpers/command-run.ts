import type { Command, Context } from '../../src/cli/command.ts'
import { findOrigins } from '../../src/cli/command-line.ts'
import { createContext, initialized } from '../../src/cli/context.ts'
import { globalOptions } from '../../src/cli/global-options.ts'
import type { ColouredLine } from '../../src/cli/output/colour.ts'
import { parseOptions } from '../../src/cli/parse-options.ts'
import { resolveOptions, settingsFor } from '../../src/cli/settings.ts'
import { FakeProbe } from '../../src/probe/fake.ts'
import type { Store } from '../../src/store/store.ts'
import { NOW } from './pools.ts'

/** What a command has printed, and its exit status. */
export interface Told {
  readonly status: number
  readonly lines: readonly string[]
  readonly notices: readonly string[]
}

/** A context on a store of our own, for words as they stand on a command line; it holds what is printed. */
export function contextFor(
  command: Command,
  words: readonly string[],
  store: Store,
  env: Readonly<Record<string, string>> = { CANHAZGPU_HOST: 'here' },
) {
  const [lines, notices]: [string[], string[]] = [[], []]
  const { given } = parseOptions(words, { ...globalOptions, ...command.options })
  const origins = findOrigins(given, { XDG_CONFIG_HOME: '/nonexistent', ...env })
  const context: Context = {
    ...createContext(origins, { operands: null, supervisorFd: null }),
    openStore: async () => store,
    openProbedPool: async () => ({
      store,
      pool: initialized(await store.read()),
      probe: new FakeProbe(),
      askedAt: NOW,
    }),
    now: () => NOW,
    print: (...printed: string[]) => void lines.push(...printed),
    printColoured: (...printed: ColouredLine[]) => void lines.push(...printed.map(({ text }) => text)),
    notice: (...printed: string[]) => void notices.push(...printed),
  }
  const options = resolveOptions(
    command.options,
    given,
    settingsFor(command.options, command.name, origins.layers),
  )
  return { context, options, lines, notices }
}

/** Runs a command on a store of our own. */
export async function tell(command: Command, words: string, store: Store): Promise<Told> {
  const { context, options, lines, notices } = contextFor(command, words.split(' ').filter(Boolean), store)
  return { status: await command.run(options, context), lines, notices }
}
