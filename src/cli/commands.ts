import type { Command } from './command.ts'
import admin from './commands/admin.ts'
import extend from './commands/extend.ts'
import queue from './commands/queue.ts'
import release from './commands/release.ts'
import reserve from './commands/reserve.ts'
import run from './commands/run.ts'
import status from './commands/status.ts'

/** The five of the specification, in the order of its help screen. */
export const mainCommands: readonly Command[] = [admin, release, reserve, run, status] as const

export const moreCommands: readonly Command[] = [extend, queue] as const

export const commands: readonly Command[] = [...mainCommands, ...moreCommands]
