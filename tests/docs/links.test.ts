import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { allCommands } from '../../src/cli/commands.ts'
import { documentText } from '../helpers/documents.ts'

const root = join(import.meta.dir, '../..')
const pages = ['*.md', 'bench/*.md', 'docs/**/*.md'].flatMap(some =>
  [...new Bun.Glob(some).scanSync(root)].sort(),
)

test.each(pages)('every link of %s leads somewhere', page => {
  for (const [, target = ''] of documentText(page).matchAll(/\]\(([^)]+)\)/g)) {
    const [path = '', heading] = target.split('#')
    const place = path === '' ? page : join(dirname(page), path)
    expect(existsSync(join(root, place)), `${target} in ${page}`).toBe(true)
    if (heading !== undefined) expect(headings(place), `${target} in ${page}`).toContain(heading)
  }
})

test('the README leads to the page of every command', () => {
  for (const { name } of allCommands())
    expect(documentText('README.md')).toContain(`(docs/commands/${name}.md)`)
})

/** As the places that show such pages name their headings. */
function headings(page: string): string[] {
  return [...documentText(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}
