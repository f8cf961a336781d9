import { type ColouredLine, painted } from './colour.ts'

/** What a line's second and later rows begin with. */
const INDENT = '  '
/** On a narrower terminal an indent would take too much. */
const LEAST_INDENTED = 10

/**
 * Lines as the rows of a terminal: wrapped where all of them fit, else each cut to one row, and the last row telling how
 * many there is no room for.
 */
export function layOut(lines: readonly ColouredLine[], columns: number, rows: number): string[] {
  const wrapped = lines.flatMap(line => wrap(line, columns))
  if (wrapped.length <= rows) return wrapped
  const cut = lines.map(line => painted(line, 0, endOfRow(line.text, 0, columns)))
  if (cut.length <= rows) return cut
  const shown = cut.slice(0, rows - 1)
  return [...shown, `(${cut.length - shown.length} more lines)`.slice(0, columns)]
}

function wrap(line: ColouredLine, columns: number): string[] {
  const { text } = line
  const indent = columns < LEAST_INDENTED ? '' : INDENT
  let at = endOfRow(text, 0, columns, ' ')
  const rows = [painted(line, 0, at)]
  while (at < text.length) {
    if (text[at] === ' ') at++
    const end = endOfRow(text, at, columns - indent.length, ' ')
    rows.push(indent + painted(line, at, end))
    at = end
  }
  return rows
}

/**
 * Where a row ends that begins at `start`: never within a surrogate pair, and with a separator before the last word, if
 * that is one that fits into a row.
 */
function endOfRow(text: string, start: number, width: number, separator?: string): number {
  const end = start + Math.max(1, width)
  if (end >= text.length) return text.length
  if (separator !== undefined) {
    const place = text.lastIndexOf(separator, end)
    const wordEnd = text.indexOf(separator, place + 1)
    const wordLength = (wordEnd < 0 ? text.length : wordEnd) - place - 1
    if (place > start && wordLength <= width) return place
  }
  return end > start + 1 && /[\ud800-\udbff]/.test(text[end - 1] ?? '') ? end - 1 : end
}
