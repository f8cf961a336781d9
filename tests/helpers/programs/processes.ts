/**
 * A process that looks at itself or at another one: `ORDER ARGUMENTS…`, and one line of JSON with what it found.
 * What is asked of the process itself (its descriptors, its bytes) must be asked in a process that nothing else has touched.
 */

import { dlopen } from 'bun:ffi'
import { CommandNotExecutableError } from '../../../src/core/errors.ts'
import type { ProcessIdentity } from '../../../src/core/pool.ts'
import { become } from '../../../src/process/become.ts'
import { caller, variable } from '../../../src/process/caller.ts'
import { findExecutable } from '../../../src/process/executable.ts'
import { ownIdentity, sight } from '../../../src/process/identity.ts'
import { inheritedDescriptors } from '../../../src/process/inherited.ts'

const descriptors = inheritedDescriptors()
const { args, env } = caller()
/** Behind the runtime's own argument (this file) and the order. */
const bytes = args.slice(2)
const [order = '', ...words] = process.argv.slice(2)

const orders: Record<string, () => unknown> = {
  identity: ownIdentity,

  /** Tells who it is, and stays. */
  stay: () => {
    console.log(JSON.stringify(ownIdentity()))
    for (;;) Bun.sleepSync(1000)
  },

  sight: () => sight(JSON.parse(words[0] ?? '') as ProcessIdentity),

  /** The same in the pid namespace of this process. */
  sightHere: () =>
    sight({ ...(JSON.parse(words[0] ?? '') as ProcessIdentity), pidNamespace: ownIdentity().pidNamespace }),

  /** Ends its first thread and leaves the others of the runtime: what is left is a zombie that runs. */
  endFirstThread: () => {
    console.log(JSON.stringify(ownIdentity()))
    const { symbols } = dlopen('libc.so.6', { syscall: { args: ['i64', 'i64'], returns: 'i64' } })
    symbols.syscall(process.arch === 'arm64' ? 93 : 60, 0)
  },

  /** Finds a command on a PATH. */
  find: () => orRefusal(() => Buffer.from(findExecutable(bytes[0] ?? new Uint8Array(), bytes[1])).toString()),

  arguments: () => bytes.map(hex),
  environment: () => env.map(hex),

  /** Becomes the program behind it, as `run` does. */
  become: () =>
    orRefusal(() =>
      become({
        file: findExecutable(bytes[0] ?? new Uint8Array(), variable(env, 'PATH')),
        argv: bytes,
        env,
        descriptors,
      }),
    ),
}

function orRefusal<T>(act: () => T): T | { status: number; reason: string } {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof CommandNotExecutableError)) throw error
    return { status: error.exitStatus, reason: error.reason }
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

console.log(JSON.stringify(await orders[order]?.()))
