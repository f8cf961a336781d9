import { readdirSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'

const ROOT = join(import.meta.dir, '../..')

/** One file of the program. */
export interface SourceFile {
  /** In the repository: `src/core/pool.ts`. */
  readonly path: string
  readonly text: string
}

/** Every TypeScript file under a folder of the repository. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .sort()
    .map(name => ({
      path: `${folder}/${name}`,
      text: readFileSync(join(ROOT, folder, name), 'utf8'),
    }))
}

/** A file's text without its comments, which may name what the code must not. */
export function codeOf({ text }: SourceFile): string {
  return text.replace(/\/\*.*?\*\//gs, '').replace(/^\s*\/\/.*$/gm, '')
}

/** What a file imports, types too: paths in the repository, and the names of modules (`node:fs`) as they are. */
export function importsOf(file: SourceFile): string[] {
  const found = codeOf(file).matchAll(/\b(?:from|(?:import|require)\s*\(?)\s*(['"`])(.+?)\1/g)
  return [...found].map(([, , name = '']) =>
    name.startsWith('.') ? normalize(join(file.path, '..', name)) : name,
  )
}
