import { readFile } from '../system/libc/files.ts'

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

/** The NUL-terminated strings that a file in /proc consists of. */
export function strings(path: string): Buffer[] {
  const content = readFile(path) ?? Buffer.alloc(0)
  const found: Buffer[] = []
  for (let start = 0; start < content.length; ) {
    const end = content.indexOf(0, start)
    found.push(content.subarray(start, end < 0 ? content.length : end))
    start = end < 0 ? content.length : end + 1
  }
  return found
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
    ...Object.entries(variables).map(([name, value]) => Buffer.from(`${name}=${value}`)),
  ]
}

function isVariable(entry: Uint8Array, name: string): boolean {
  return Buffer.from(entry.subarray(0, name.length + 1)).toString('latin1') === `${name}=`
}
