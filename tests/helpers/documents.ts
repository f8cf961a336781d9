import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A page of the project's documentation, by its path in the repository. */
export function documentText(path: string): string {
  return readFileSync(join(import.meta.dir, '../..', path), 'utf8')
}

/** A command in a `console` block, and what the page says it prints. */
export interface Example {
  readonly command: string
  readonly output: readonly string[]
}

/** The examples of each `console` block: lines that begin with `$ `, each with the lines below it. */
export function consoleBlocks(markdown: string): Example[][] {
  return [...markdown.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map(example => {
        const [command = '', ...output] = example.trimEnd().split('\n')
        return { command, output }
      }),
  )
}
