import { CommandNotExecutableError, CommandNotFoundError } from '../core/errors.ts'
import { checkExecutable, isDirectory, isThere } from '../system/libc/files.ts'
import { ENOENT, ENOTDIR, errorText } from '../system/libc/library.ts'
import { bytesOf, joined, splitAt, textOf } from '../system/text.ts'

/** Where execvp(3) looks when PATH is not set. */
const DEFAULT_PATH = bytesOf('/bin:/usr/bin')

const [SLASH, COLON] = [47, 58]
const [HERE, BETWEEN] = [bytesOf('.'), bytesOf('/')]

/**
 * Finds the file that a command name means, the way a shell does: a name with a slash is a path, any other is looked for
 * in the directories of PATH. Bytes in, bytes out: neither needs to be UTF-8.
 *
 * @throws {CommandNotFoundError} when there is none (a shell's status 127)
 * @throws {CommandNotExecutableError} when there is one that may not be executed (126)
 */
export function findExecutable(name: Uint8Array, path: Uint8Array | undefined): Uint8Array {
  // Of a directory that may not be looked into, nobody can say that the command is there.
  const isPath = name.includes(SLASH)
  let denied: string | null = null
  for (const candidate of candidates(name, path ?? DEFAULT_PATH)) {
    const error = checkExecutable(candidate)
    if (error === 0 && !isDirectory(candidate)) return candidate
    if (error === 0) denied ??= 'it is a directory'
    else if (error !== ENOENT && error !== ENOTDIR && (isPath || isThere(candidate)))
      denied ??= errorText(error)
  }
  const command = textOf(name)
  if (denied !== null) throw new CommandNotExecutableError(command, denied)
  throw new CommandNotFoundError(command)
}

function candidates(name: Uint8Array, path: Uint8Array): Uint8Array[] {
  if (name.length === 0) return []
  if (name.includes(SLASH)) return [name]
  // An empty entry means the current directory.
  return splitAt(COLON, path).map(directory =>
    joined(directory.length === 0 ? HERE : directory, BETWEEN, name),
  )
}
