/**
 * A word as bytes that a shell on another host turns into just this word, whatever bytes it holds. Which shell that is, is
 * the login shell's choice: what quotes differently in them stands outside of the quotes, with a backslash before it, which
 * means the same to sh, bash, zsh, fish and csh.
 */
export function shellBytes(word: Uint8Array): Buffer {
  if (word.length === 0) return Buffer.from("''")
  // Latin-1 maps every byte to one character and back.
  const text = Buffer.from(word).toString('latin1')
  // Not with `=` at the beginning, which is a path to zsh, nor with `%`, which is a process to fish.
  if (/^[\w@+:,./-][\w@+=:,./-]*$/.test(text)) return Buffer.from(text, 'latin1')
  const parts = text.match(/[^'\\!]+|['\\!]/g) ?? []
  const quoted = parts.map(part => (/^['\\!]$/.test(part) ? `\\${part}` : `'${part}'`))
  return Buffer.from(quoted.join(''), 'latin1')
}
