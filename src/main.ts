/** Picks the command, prints errors, and sets the exit status; nothing else does. */

import { version } from '../package.json'
import { readCommandLine } from './cli/command-line.ts'
import { notice, print } from './cli/output/print.ts'
import { UserError } from './core/errors.ts'
import { COMPLETER, KEEPER, OBSERVER, SUPERVISED } from './process/hidden-words.ts'
import { exitNow } from './system/libc/processes.ts'

async function main(args: readonly string[], supervisorFd: number | null = null): Promise<number> {
  if (args[0] === KEEPER) {
    const { runKeeper } = await import('./cli/keeper.ts')
    return runKeeper(args.slice(1))
  }
  if (args[0] === OBSERVER) {
    const { runObserver } = await import('./cli/observer.ts')
    return runObserver(args.slice(1))
  }
  if (args[0] === SUPERVISED && supervisorFd === null) {
    const { beSupervised } = await import('./process/supervise.ts')
    return main(args.slice(4), beSupervised(args.slice(1, 4)))
  }
  if (args[0] === COMPLETER) {
    const { runCompleter } = await import('./cli/completion/completer.ts')
    return runCompleter(args.slice(1))
  }
  const asked = readCommandLine(args, supervisorFd)
  switch (asked.kind) {
    case 'version':
      print(`canhazgpu ${version}`)
      return 0
    case 'overview':
    case 'help': {
      const { commandHelp, overview } = await import('./cli/help.ts')
      print(...(asked.kind === 'help' ? commandHelp(asked.command) : overview()))
      return 0
    }
    case 'command':
      return asked.command.run(asked.options, asked.context)
  }
}

function report(error: unknown): number {
  if (error instanceof UserError) {
    notice(`Error: ${error.message}`)
    return error.exitStatus
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  notice(...stack.split('\n'), 'This is a bug in canhazgpu. Please report it with the lines above')
  return 1
}

main(process.argv.slice(2))
  .catch(report)
  // A GPU tool that hangs must not keep the program: leave, whatever is still open.
  .then(exitNow)
