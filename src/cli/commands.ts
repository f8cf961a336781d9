import type { Command } from './command.ts'
import * as statusCommand from './commands/status.ts'

/**
 * Every command, loaded when it is asked for: each that is loaded for nothing costs its part of every start. By `require`,
 * so that a command line can be read in one go. What is asked for most comes with the rest.
 */
type Loaders = Readonly<Record<string, () => { default: Command }>>

/** The five of the specification, in the order of its help screen. */
const MAIN: Loaders = {
  admin: () => require('./commands/admin.ts'),
  release: () => require('./commands/release.ts'),
  reserve: () => require('./commands/reserve.ts'),
  run: () => require('./commands/run.ts'),
  status: () => statusCommand,
}

const MORE: Loaders = {
  completion: () => require('./commands/completion.ts'),
  config: () => require('./commands/config.ts'),
  doctor: () => require('./commands/doctor.ts'),
  extend: () => require('./commands/extend.ts'),
  find: () => require('./commands/find.ts'),
  log: () => require('./commands/log.ts'),
  migrate: () => require('./commands/migrate.ts'),
  queue: () => require('./commands/queue.ts'),
  report: () => require('./commands/report.ts'),
}

/** Needed once, at installation: found by their names, and on no list. */
const HIDDEN: Loaders = {
  man: () => require('./commands/man.ts'),
}

export const commandNames: readonly string[] = [...Object.keys(MAIN), ...Object.keys(MORE)]

export function findCommand(name: string): Command | undefined {
  // Own keys only: `toString` is no command.
  const loaders = [MAIN, MORE, HIDDEN].find(loaders => Object.hasOwn(loaders, name))
  return loaders?.[name]?.().default
}

export function mainCommands(): Command[] {
  return Object.values(MAIN).map(load => load().default)
}

export function moreCommands(): Command[] {
  return Object.values(MORE).map(load => load().default)
}

export function allCommands(): Command[] {
  return [...mainCommands(), ...moreCommands()]
}
