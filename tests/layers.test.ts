import { describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { documentText } from './helpers/documents.ts'
import { codeOf, importsOf, type SourceFile, sourceFiles } from './helpers/sources.ts'
import { temporaryDirectory } from './helpers/temporary.ts'

const files = sourceFiles('src')
const layers = readLayers(documentText('docs/architecture.md'))

/** The version stands in one place. */
const ALSO = new Set(['src/main.ts package.json', 'src/cli/man-page.ts package.json'])

/** Who may touch the runtime's own interfaces, so that each can be exchanged in one place. */
const doors: [touch: RegExp, places: readonly string[]][] = [
  [/^bun:ffi$/, ['src/system/libc/library.ts']],
  [/^bun:sqlite$/, ['src/store/sqlite/']],
  [/^(node:)?child_process$/, []],
  [/^bun$/, ['src/store/redis/connection.ts']],
  [/^Bun\.(spawn|spawnSync|which|file)$/, ['src/system/spawn.ts']],
  [/^Bun\.SHA1$/, ['src/system/digest.ts']],
  [/^Bun\.unsafe$/, ['src/system/machine-code.ts']],
  [/^Bun\.TOML$/, ['src/system/toml.ts']],
  // What no line above allows.
  [/^(bun:|Bun\.)/, []],
]

describe('the folders of src', () => {
  test('are those of the table in docs/architecture.md', () => {
    const inSource = new Set(files.map(({ path }) => layerOf(path)))
    expect([...layers.keys()].filter(layer => !inSource.has(layer))).toEqual([])
    expect([...inSource].filter(layer => !layers.has(layer) && layer !== 'src/text-files.d.ts')).toEqual([])
  })

  test('import only what the table says, and no package', () => {
    expect(files.flatMap(wrongImports)).toEqual([])
  })

  test('touch each interface of the runtime in one place', () => {
    expect(files.flatMap(wrongTouches)).toEqual([])
  })
})

describe('core', () => {
  const core = files.filter(({ path }) => path.startsWith('src/core/'))

  test('has no clock and no randomness', () => {
    expect(core.flatMap(clocks)).toEqual([])
  })

  test('knows of nothing but the language: it compiles where there is no process, no runtime and no browser', () => {
    expect(compileErrors(core.map(({ path }) => path))).toBe('')
  })
})

describe('the checks above', () => {
  const made = (path: string, text: string): SourceFile => ({ path, text })

  test.each([
    ['src/core/made.ts', "import { statusLine } from '../cli/output/status-lines.ts'"],
    ['src/core/made.ts', "import type { Store } from '../store/store.ts'"],
    ['src/core/made.ts', "export * from '../system/libc/files.ts'"],
    ['src/core/made.ts', "import { statSync } from 'node:fs'"],
    ['src/core/made.ts', "const { version } = require('../../package.json')"],
    ['src/store/sqlite/made.ts', "import { sight } from '../../process/identity.ts'"],
    ['src/probe/made.ts', "const { openStore } = await import('../store/open.ts')"],
    ['src/process/made.ts', "import type { Context } from '../cli/command.ts'"],
    ['src/system/made.ts', "import type { Pool } from '../core/pool.ts'"],
    ['src/store/made.ts', "import '../main.ts'"],
    ['src/cli/made.ts', "import chalk from 'chalk'"],
  ])('see in %s: %s', (path, text) => {
    expect(wrongImports(made(path, text))).toHaveLength(1)
  })

  test.each([
    ['src/store/made.ts', "import { dlopen } from 'bun:ffi'"],
    ['src/cli/made.ts', "import { Database } from 'bun:sqlite'"],
    ['src/probe/made.ts', "Bun.spawn(['nvidia-smi'])"],
    ['src/system/libc/files.ts', "Bun.spawnSync(['true'])"],
    ['src/probe/made.ts', "import { execFile } from 'node:child_process'"],
    ['src/store/sqlite/made.ts', "import { redis } from 'bun'"],
    ['src/cli/made.ts', "Bun.TOML.parse('a = 1')"],
    ['src/cli/made.ts', "await Bun.file('config').text()"],
  ])('see in %s the touch of %s', (path, text) => {
    expect(wrongTouches(made(path, text))).toHaveLength(1)
  })

  test.each(['const now = Date.now()', 'new Date().getTime()', 'const { random } = Math; Math.random()'])(
    'see a clock or chance in %s',
    text => {
      expect(clocks(made('src/core/made.ts', text))).toHaveLength(1)
    },
  )

  test.each([
    'process.pid',
    'Bun.version',
    "fetch('http://x')",
    'setTimeout(() => {}, 1)',
    'crypto.randomUUID()',
  ])('see %s in a file of core', expression => {
    using directory = temporaryDirectory()
    const path = join(directory.path, 'made.ts')
    writeFileSync(path, `export const made = ${expression}\n`)
    expect(compileErrors([path])).toContain('Cannot find name')
  })

  test('do not see what is only spoken of', () => {
    const file = made('src/core/made.ts', "/** Not from 'node:fs'. */\n// Date.now, Bun.spawn\nexport {}")
    expect([...wrongImports(file), ...wrongTouches(file), ...clocks(file)]).toEqual([])
  })
})

/** The table in the documentation: each folder, and what it may import besides itself; null for everything. */
function readLayers(markdown: string): Map<string, readonly string[] | null> {
  const rows = markdown.matchAll(/^\| `(src\/[\w.]+)` \|.*\| ([^|]+) \|$/gm)
  return new Map(
    [...rows].map(([, layer = '', may = '']) => {
      if (may === 'all') return [layer, null]
      return [layer, may.startsWith('nothing') ? [] : may.split(', ').map(name => `src/${name}`)]
    }),
  )
}

function layerOf(path: string): string {
  return path.split('/').slice(0, 2).join('/')
}

function wrongImports(file: SourceFile): string[] {
  const layer = layerOf(file.path)
  const allowed = layers.get(layer) ?? null
  return importsOf(file)
    .filter(name => {
      if (name.startsWith('src/')) return allowed && ![layer, ...allowed].includes(layerOf(name))
      // Modules of the runtime are for all but the rules; packages for nobody.
      return layer === 'src/core' || !(/^(node:|bun)/.test(name) || ALSO.has(`${file.path} ${name}`))
    })
    .map(name => `${file.path} imports ${name}`)
}

function wrongTouches(file: SourceFile): string[] {
  const globals = codeOf(file).match(/\bBun\.\w+/g) ?? []
  return [...new Set([...importsOf(file), ...globals])]
    .filter(touched => {
      const places = doors.find(([touch]) => touch.test(touched))?.[1]
      return places !== undefined && !places.some(place => file.path.startsWith(place))
    })
    .map(touched => `${file.path} touches ${touched}`)
}

function clocks(file: SourceFile): string[] {
  return codeOf(file).match(/\b(Date|Math\.random|Temporal|performance)\b.*/g) ?? []
}

/** Compiles files with the language alone: without the types of the runtime and of the browser. */
function compileErrors(paths: readonly string[]): string {
  const options =
    '--noEmit --strict --target ESNext --lib ESNext --module Preserve --allowImportingTsExtensions'
  const { stdout } = Bun.spawnSync(
    ['node_modules/.bin/tsc', '--ignoreConfig', ...options.split(' '), '--types', '', ...paths],
    { cwd: join(import.meta.dir, '..') },
  )
  return stdout.toString()
}
