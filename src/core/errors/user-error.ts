/**
 * What a user can act on: one line that says what happened, with its numbers, and what to do next.
 *
 * Every subclass has a stable `code`, carries its facts as fields, and composes its text here and nowhere else;
 * docs/errors.md lists them. Anything thrown that is not a UserError is a bug.
 */
export abstract class UserError extends Error {
  abstract readonly code: string
  /** 1 failed, 2 wrong usage, 75 no GPU now: try again (EX_TEMPFAIL of sysexits.h). */
  readonly exitStatus: number = 1
}
