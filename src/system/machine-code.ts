/**
 * Lets the runtime turn code that runs often into machine code soon, for a command that goes through many records. The
 * executable is built to put it off, because nearly all that other commands do they do once.
 */
export function expectRepetition(): void {
  Bun.unsafe.setJITPolicy(1)
}
