/** What a server answers, as the runtime's client gives it. */
export type Reply =
  | string
  | number
  | null
  | ReplyError
  | readonly Reply[]
  | { readonly [field: string]: Reply }

/** An error that a server answers: a word in capitals, and what it says. */
export class ReplyError {
  constructor(readonly text: string) {}

  /** `WRONGPASS`, `NOPERM`, `ERR`, … */
  get kind(): string {
    return /^[A-Z]+/.exec(this.text)?.[0] ?? 'ERR'
  }
}
