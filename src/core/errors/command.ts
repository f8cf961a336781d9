/** The command of `run`, and what is printed. */

import { UserError } from './user-error.ts'

export class CommandNotFoundError extends UserError {
  readonly code = 'command-not-found'
  override readonly exitStatus = 127
  constructor(readonly command: string) {
    super(`Command not found: ${command}. Nothing was reserved; check the spelling and PATH`)
  }
}

export class CommandNotExecutableError extends UserError {
  readonly code = 'command-not-executable'
  override readonly exitStatus = 126
  constructor(
    readonly command: string,
    readonly reason: string,
  ) {
    super(
      `Cannot execute ${command}: ${reason}. Nothing stays reserved; is it a program, and is 'chmod +x' missing?`,
    )
  }
}

export class OutputError extends UserError {
  readonly code = 'output'
  constructor(readonly reason: string) {
    super(`Cannot write to standard output: ${reason}`)
  }
}
