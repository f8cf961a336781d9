/** What people have written: on the command line, in a variable, in a configuration file. */

import { UserError } from './user-error.ts'

/** Wrong words on the command line or in a variable. */
export class UsageError extends UserError {
  readonly code = 'usage'
  override readonly exitStatus = 2
}

/** A configuration file that cannot be read. */
export class ConfigUnreadableError extends UserError {
  readonly code = 'config-unreadable'
  override readonly exitStatus = 2
  constructor(
    readonly path: string,
    readonly reason: string,
    readonly next: string,
  ) {
    super(`Cannot read the configuration ${path}: ${reason}. ${next}`)
  }
}

/** A configuration file that is not TOML or JSON. */
export class ConfigBrokenError extends UserError {
  readonly code = 'config-broken'
  override readonly exitStatus = 2
  constructor(
    readonly path: string,
    readonly line: number,
    readonly problem: string,
  ) {
    super(`Cannot understand the configuration ${path}, line ${line}: ${problem}. Correct it there`)
  }
}

/** A key in a configuration file that nothing reads. */
export class ConfigKeyError extends UserError {
  readonly code = 'config-key'
  override readonly exitStatus = 2
  constructor(
    readonly path: string,
    /** `memory-treshold`, `run.tiemout`, `[rnu]`. */
    readonly key: string,
    readonly next: string,
  ) {
    super(`Unknown key in ${path}: ${key}. ${next}`)
  }
}
