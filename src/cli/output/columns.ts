/** How wide text is on a terminal: letters of East Asia and pictures take two columns, marks above a letter none. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const character of text) columns += /^[ -~]$/.test(character) ? 1 : widthOf(character)
  return columns
}

/** Text that takes at most so many columns, marked where something is cut off. */
export function cut(text: string, columns: number, mark: string): string {
  if (columnsOf(text) <= columns) return text
  let short = ''
  for (const character of text) {
    if (columnsOf(short + character + mark) > columns) break
    short += character
  }
  return columns < 1 ? '' : short + mark
}

/** Unicode's East Asian Width, UAX 11, in the blocks that people use. */
function widthOf(character: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(character)) return 0
  return /^[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u.test(
    character,
  )
    ? 2
    : 1
}
