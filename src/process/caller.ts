import { readFile } from '../system/libc/files.ts'
import { bytesOf, splitAt, textOf } from '../system/text.ts'

const EQUALS = 61

/** What the caller handed to this process, byte for byte: the runtime's own copies are decoded and may be altered. */
export interface Caller {
  /** Behind the program's name. */
  readonly args: readonly Uint8Array[]
  /** `NAME=value` */
  readonly env: readonly Uint8Array[]
}

export function caller(): Caller {
  return { args: strings('/proc/self/cmdline').slice(1), env: strings('/proc/self/environ') }
}

/** The NUL-terminated strings that a file in /proc consists of; none when it cannot be read. */
export function strings(path: string): Uint8Array[] {
  const parts = splitAt(0, readFile(path) ?? new Uint8Array())
  // Behind the last NUL nothing stands, unless the program has written over it.
  return parts.at(-1)?.length === 0 ? parts.slice(0, -1) : parts
}

/** The value of a variable in an environment, undefined when it is not set. */
export function variable(env: readonly Uint8Array[], name: string): Uint8Array | undefined {
  return env.find(entry => isVariable(entry, name))?.subarray(name.length + 1)
}

/** The environment with some variables set anew, whatever they were before. */
export function withVariables(
  env: readonly Uint8Array[],
  variables: Readonly<Record<string, string>>,
): Uint8Array[] {
  const names = Object.keys(variables)
  return [
    ...env.filter(entry => !names.some(name => isVariable(entry, name))),
    ...Object.entries(variables).map(([name, value]) => bytesOf(`${name}=${value}`)),
  ]
}

function isVariable(entry: Uint8Array, name: string): boolean {
  return entry[name.length] === EQUALS && textOf(entry.subarray(0, name.length)) === name
}
