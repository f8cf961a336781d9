/** Text and bytes. The runtime's `Buffer` does the same, but using it for the first time costs 0.15 ms of a start. */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** A text as UTF-8. */
export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The text that bytes mean as UTF-8; U+FFFD stands for what is none. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** The parts of bytes between separators: always one more than there are separators. */
export function splitAt(separator: number, bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = []
  for (let start = 0; ; ) {
    const end = bytes.indexOf(separator, start)
    if (end < 0) return [...parts, bytes.subarray(start)]
    parts.push(bytes.subarray(start, end))
    start = end + 1
  }
}

/** Bytes one behind the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
