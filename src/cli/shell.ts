import { caller, variable } from '../process/caller.ts'
import { findExecutable } from '../process/executable.ts'
import { inheritedDescriptors } from '../process/inherited.ts'
import { passwdShell } from '../system/libc/passwd.ts'
import { bytesOf } from '../system/text.ts'
import type { Context } from './command.ts'
import type { OptionValues } from './options.ts'
import type { requestOptions } from './request-options.ts'
import { runCommand } from './run-command.ts'

/**
 * Becomes a shell that has the GPUs: `run` with the user's shell for a command. It is the shell of $SHELL, else of the passwd
 * database, else /bin/sh.
 */
export async function runShell(
  context: Context,
  options: OptionValues<typeof requestOptions>,
): Promise<never> {
  const descriptors = inheritedDescriptors()
  const { env } = caller()
  const own = variable(env, 'SHELL')
  const shell = own?.length ? own : bytesOf(passwdShell(context.holder.uid) ?? '/bin/sh')
  const file = findExecutable(shell, variable(env, 'PATH'))
  return runCommand(context, options, { file, argv: [file], env, descriptors })
}
