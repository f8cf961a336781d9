/** The SHA-1 of a text in UTF-8, in hexadecimal: what a Redis server calls a script by. At once, where Web Crypto starts threads. */
export function sha1(text: string): string {
  return Bun.SHA1.hash(text, 'hex')
}
