import { sha1 } from '../../system/digest.ts'
import type { Client } from './client.ts'
import type { HostKeys } from './keys.ts'

/**
 * Tells whether a server has begun anew since a host's pool was last looked after: it may have come back with its data as they
 * were some time ago, or another has taken its place who had not heard of everything.
 *
 * A server forgets its scripts when it ends, whatever it keeps of its data: so a script by the host's name is the mark. Somebody
 * who flushes the scripts causes a look for nothing.
 */
export class Restarts {
  private readonly script: string
  private readonly digest: string

  constructor(
    private readonly client: Client,
    private readonly keys: HostKeys,
  ) {
    this.script = `return '${keys.pool}'`
    this.digest = sha1(this.script)
  }

  /** Asks something about the pool, and in the same round trip whether the mark is there. */
  async askWithMark(...command: readonly string[]) {
    const [reply = null, marks] = await this.client.askAll([command, ['SCRIPT', 'EXISTS', this.digest]])
    return { reply, isMarked: Array.isArray(marks) && marks[0] === 1 }
  }

  /** Sets the mark on the server that has the pool. When that cannot be done now, the next one looks once more. */
  async mark(): Promise<void> {
    const where = ['HGET', this.keys.pool, 'revision']
    await this.client.askAll([where, ['SCRIPT', 'LOAD', this.script]]).catch(() => {})
  }
}
