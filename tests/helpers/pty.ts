import { until } from './until.ts'

/** A program on a terminal of its own, which it controls, and somebody at the keyboard. */
export class Pty {
  private readonly child: Bun.Subprocess
  private readonly decoder = new TextDecoder()
  private shown = ''

  constructor(command: readonly string[], env: Readonly<Record<string, string>>, columns = 80, rows = 24) {
    this.child = Bun.spawn([...command], {
      cwd: '/',
      env: { TERM: 'xterm', ...env },
      terminal: {
        cols: columns,
        rows,
        data: (_terminal, bytes) => {
          this.shown += this.decoder.decode(bytes, { stream: true })
        },
      },
    })
  }

  get pid(): number {
    return this.child.pid
  }

  /** All that was shown so far, echoed keys too, lines ending in `\n`. */
  get text(): string {
    return this.shown.replaceAll('\r', '')
  }

  /** Presses keys; `\x03` is Ctrl-C, `\x1a` is Ctrl-Z, `\x04` is Ctrl-D. */
  type(keys: string): void {
    this.child.terminal?.write(keys)
  }

  resize(columns: number, rows: number): void {
    this.child.terminal?.resize(columns, rows)
  }

  /** Waits until something is shown. */
  async shows(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.text)).catch(error => {
      throw new Error(`${pattern} is not in what the terminal shows:\n${this.text}`, { cause: error })
    })
  }

  /** Waits for the end of the program that was started. */
  async end(): Promise<{ status: number | null; signal: string | null }> {
    await this.child.exited
    const { exitCode, signalCode } = this.child
    return { status: exitCode, signal: signalCode === null ? null : String(signalCode) }
  }

  /** Closes the window: what a terminal hangs up on. */
  close(): void {
    this.child.terminal?.close()
  }

  [Symbol.dispose](): void {
    this.close()
    this.child.kill('SIGKILL')
  }
}
