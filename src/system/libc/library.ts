/**
 * The C library, called directly: the one module that touches the runtime's foreign function interface. Its neighbours give
 * the functions their meaning, a file for each topic.
 *
 * Only what the runtime cannot do, or does more slowly, is here. Numbers are Linux's own, the same on x86-64 and arm64 unless
 * a line says otherwise.
 */

import { CString, dlopen, type FFIFunction, type Library, type Pointer, ptr, read } from 'bun:ffi'
import { bytesOf, joined } from '../text.ts'

type Functions = Readonly<Record<string, FFIFunction>>

// The runtime itself is linked to this library, so the bare name is found in memory and never searched for on disk.
const NAME = 'libc.so.6'

/**
 * Functions of the C library, bound when the first of them is needed: each costs 0.01 ms, which no start should pay for
 * another command's functions.
 */
export function bound<F extends Functions>(functions: F): () => Library<F>['symbols'] {
  let symbols: Library<F>['symbols'] | null = null
  return () => (symbols ??= dlopen(NAME, functions).symbols)
}

// Bound from the start: to bind it after a call that failed might change the number that it left.
const { symbols: errors } = dlopen(NAME, {
  __errno_location: { args: [], returns: 'ptr' },
  strerror: { args: ['i32'], returns: 'ptr' },
})

export const EPERM = 1
export const ENOENT = 2
export const EINTR = 4
export const ENOEXEC = 8
export const EAGAIN = 11
export const EACCES = 13
export const ENOTDIR = 20
export const EFBIG = 27
export const ESPIPE = 29
export const EPIPE = 32

/** A C string: the bytes and a NUL. Text goes as UTF-8. */
export function cstring(text: string | Uint8Array): Uint8Array {
  return joined(typeof text === 'string' ? bytesOf(text) : text, NUL)
}

const NUL = new Uint8Array(1)

/** The text at an address, null for the null pointer. */
export function textAt(address: number | bigint | null): string | null {
  return address === null ? null : new CString(Number(address) as Pointer).toString()
}

/** The address that stands in memory at an address. */
export function addressIn(base: number | bigint, offset: number): number | null {
  return read.ptr(Number(base) as Pointer, offset) || null
}

/** Where bytes stand in memory; they must be kept alive by the caller. */
export function addressOf(bytes: NodeJS.TypedArray, offset = 0): Pointer {
  return ptr(bytes, offset)
}

/** Where a function of the C library stands in memory. */
export function addressOfFunction(symbol: unknown): Pointer {
  return (symbol as { ptr: Pointer }).ptr
}

/** A NULL-terminated array of addresses. The strings must be kept alive by the caller. */
export function pointers(strings: readonly Uint8Array[]): BigUint64Array {
  return new BigUint64Array([...strings.map(string => BigInt(ptr(string))), 0n])
}

/** The error number of the call just made. */
export function errno(): number {
  const location = errors.__errno_location()
  return location === null ? 0 : read.i32(location, 0)
}

/** The system's words for an error number: `No such file or directory`. */
export function errorText(error: number): string {
  return textAt(errors.strerror(error)) ?? `error ${error}`
}
