/**
 * A command line as bytes for a shell on another host.
 *
 * A line break within quotes is an error to csh. A line that has one is spelled for the printf of sh, which is everywhere.
 */
export function shellLine(words: readonly Uint8Array[]): Buffer {
  const line = joined(words.map(shellBytes))
  if (!line.includes('\n')) return line
  const format = [...line].map(printfByte).join('')
  const script = `eval "exec $(printf '${format}')"`
  return joined(['sh', '-c', script].map(word => shellBytes(Buffer.from(word))))
}

/** A byte in the format of printf, which stands in single quotes. */
function printfByte(byte: number): string {
  const character = String.fromCharCode(byte)
  return /^[\w ./:=,@-]$/.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`
}

function joined(words: readonly Uint8Array[]): Buffer {
  return Buffer.concat(words.flatMap((word, at) => (at === 0 ? [word] : [Buffer.from(' '), word])))
}

/**
 * A word as bytes that a shell on another host turns into just this word, whatever bytes it holds. Which shell that is, is
 * the login shell's choice: what quotes differently in them stands outside of the quotes, with a backslash before it, which
 * means the same to sh, bash, zsh, fish and csh.
 */
function shellBytes(word: Uint8Array): Buffer {
  if (word.length === 0) return Buffer.from("''")
  // Latin-1 maps every byte to one character and back.
  const text = Buffer.from(word).toString('latin1')
  // Not with `=` at the beginning, which is a path to zsh, nor with `%`, which is a process to fish.
  if (/^[\w@+:,./-][\w@+=:,./-]*$/.test(text)) return Buffer.from(text, 'latin1')
  const parts = text.match(/[^'\\!]+|['\\!]/g) ?? []
  const quoted = parts.map(part => (/^['\\!]$/.test(part) ? `\\${part}` : `'${part}'`))
  return Buffer.from(quoted.join(''), 'latin1')
}
