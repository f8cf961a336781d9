import { CommandNotExecutableError, CommandNotFoundError } from '../core/errors.ts'
import { checkExecutable, isDirectory } from '../system/libc/files.ts'
import { ENOENT, ENOTDIR, errorText } from '../system/libc/library.ts'

/** Where execvp(3) looks when PATH is not set. */
const DEFAULT_PATH = Buffer.from('/bin:/usr/bin')

/**
 * Finds the file that a command name means, the way a shell does: a name with a slash is a path, any other is looked for
 * in the directories of PATH. Bytes in, bytes out: neither needs to be UTF-8.
 *
 * @throws {CommandNotFoundError} when there is none (a shell's status 127)
 * @throws {CommandNotExecutableError} when there is one that may not be executed (126)
 */
export function findExecutable(name: Uint8Array, path: Uint8Array | undefined): Uint8Array {
  let denied: string | null = null
  for (const candidate of candidates(Buffer.from(name), Buffer.from(path ?? DEFAULT_PATH))) {
    const error = checkExecutable(candidate)
    if (error === 0 && !isDirectory(candidate)) return candidate
    if (error === 0) denied ??= 'it is a directory'
    else if (error !== ENOENT && error !== ENOTDIR) denied ??= errorText(error)
  }
  const command = Buffer.from(name).toString()
  if (denied !== null) throw new CommandNotExecutableError(command, denied)
  throw new CommandNotFoundError(command)
}

function candidates(name: Buffer, path: Buffer): Buffer[] {
  if (name.length === 0) return []
  if (name.includes('/')) return [name]
  // Latin-1 maps every byte to one character and back. An empty entry means the current directory.
  return path
    .toString('latin1')
    .split(':')
    .map(directory => Buffer.concat([Buffer.from(`${directory || '.'}/`, 'latin1'), name]))
}
