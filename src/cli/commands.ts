import type { Command } from './command.ts'
import admin from './commands/admin.ts'
import release from './commands/release.ts'
import reserve from './commands/reserve.ts'
import run from './commands/run.ts'
import status from './commands/status.ts'

/** Every command, in the order of the help screen. */
export const commands: readonly Command[] = [admin, release, reserve, run, status] as const
