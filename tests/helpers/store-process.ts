import type { Answer } from './programs/store.ts'
import { program } from './programs.ts'

/** A process of its own that uses a store and does what it is told; see programs/store.ts for the orders. */
export class StoreProcess {
  private readonly lines: AsyncIterator<string>

  private constructor(private readonly child: Bun.Subprocess<'pipe', 'pipe', 'inherit'>) {
    this.lines = linesOf(child.stdout)
  }

  static async start({ uid }: { uid?: number } = {}): Promise<StoreProcess> {
    const { command, env } = await program('store')
    return new StoreProcess(
      Bun.spawn([...command], {
        stdio: ['pipe', 'pipe', 'inherit'],
        cwd: '/',
        env,
        ...(uid === undefined ? {} : { uid, gid: uid }),
      }),
    )
  }

  /** Starts many, and opens the same store in each. */
  static async startMany(count: number, url: string): Promise<StoreProcess[]> {
    return Promise.all(
      Array.from({ length: count }, async () => {
        const process = await StoreProcess.start()
        await process.must('open', url, 'write')
        return process
      }),
    )
  }

  get pid(): number {
    return this.child.pid
  }

  /** Gives an order. @returns what it came to */
  async ask(...order: string[]): Promise<Answer> {
    this.child.stdin.write(`${JSON.stringify(order)}\n`)
    await this.child.stdin.flush()
    const { done, value } = await this.lines.next()
    if (done) throw new Error(`the process has ended instead of answering ${order.join(' ')}`)
    return JSON.parse(value) as Answer
  }

  /** Gives an order that must succeed. @returns its result */
  async must(...order: string[]): Promise<unknown> {
    const answer = await this.ask(...order)
    if ('error' in answer) throw new Error(`${order.join(' ')}: ${answer.error}: ${answer.message}`)
    return answer.result
  }

  /** Kills it with SIGKILL, and waits until it is gone. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.child.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
