/**
 * Reads TOML: the one module that touches the runtime's parser.
 *
 * @throws {SyntaxError} whose message says what is wrong, but not where
 */
export function parseToml(text: string): unknown {
  return Bun.TOML.parse(text)
}
