/**
 * Makes text harmless for a terminal: characters that move the cursor, colour, or turn the writing direction are shown
 * as `\x1b` or `\u202e` instead. Everything that canhazgpu prints goes through it, so no name can slip by.
 *
 * The ranges: C0 and DEL, C1 (a terminal may take U+009B for ESC [), line and paragraph separators, and the
 * bidirectional controls of Unicode TR9.
 */
export function safeText(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    character => {
      const code = character.charCodeAt(0).toString(16)
      return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`
    },
  )
}
