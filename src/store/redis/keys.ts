/** The names of all keys. What stands in braces decides where a cluster keeps a key, so all keys of a host are in one place. */

/** What all hosts share: of each a copy of its pool, its last sign of life, and what a probe last saw. */
export const FLEET = 'canhazgpu:fleet'

export interface HostKeys {
  /** A hash: the pool as JSON, its revision, and whose it is. */
  readonly pool: string
  /** Streams. */
  readonly records: string
  readonly events: string
  /** A string that is there while somebody does what only one at a time should do. */
  readonly alone: string
  /** A channel. */
  readonly updated: string
  /** A string that is there for a while after a commit was made. */
  done(commitId: string): string
}

export function keysOf(host: string): HostKeys {
  const of = (what: string) => `canhazgpu:{${host}}:${what}`
  return {
    pool: of('pool'),
    records: of('records'),
    events: of('events'),
    alone: of('alone'),
    updated: of('updated'),
    done: commitId => of(`done:${commitId}`),
  }
}
