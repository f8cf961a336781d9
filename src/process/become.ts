import { CommandNotExecutableError } from '../core/errors.ts'
import { readStart } from '../system/libc/files.ts'
import { ENOENT, ENOEXEC, errorText } from '../system/libc/library.ts'
import { execve } from '../system/libc/processes.ts'
import { bytesOf, textOf } from '../system/text.ts'
import { restoreInherited } from './inherited.ts'

/** A program to execute: all of it bytes, none of it needs to be UTF-8. */
export interface Program {
  readonly file: Uint8Array
  /** With the name in front. */
  readonly argv: readonly Uint8Array[]
  readonly env: readonly Uint8Array[]
  /** The caller's descriptors, from `inheritedDescriptors`. */
  readonly descriptors: readonly number[]
}

/**
 * Replaces this process by a program: same pid, same terminal, same parent. It returns only by throwing.
 *
 * @throws {CommandNotExecutableError} when the system refuses
 */
export function become({ file, argv, env, descriptors }: Program): never {
  restoreInherited(descriptors)
  let error = execve(file, argv, env)
  // A script without `#!` is the shell's to run, as execvp(3) does it.
  if (error === ENOEXEC && isText(file))
    error = execve(bytesOf('/bin/sh'), [bytesOf('sh'), file, ...argv.slice(1)], env)
  const reason = error === ENOENT ? 'its interpreter (the #! line) does not exist' : errorText(error)
  throw new CommandNotExecutableError(textOf(argv[0] ?? file), reason)
}

/** A program for another machine is refused like a script. As in bash, a NUL in its first line tells that it is none. */
function isText(file: Uint8Array): boolean {
  const start = readStart(file, 256)
  const lineEnd = start.indexOf(10)
  return !start.subarray(0, lineEnd < 0 ? start.length : lineEnd).includes(0)
}
