import type { Context } from '../command.ts'
import { nearest } from '../nearest.ts'
import { jsonDocument } from '../output/json/document.ts'
import type { Ranked } from '../settings.ts'
import { standingSettingsFor } from './host-wide.ts'
import { HOST_DIRECTORY, HOST_FILES, userDirectory } from './layers.ts'
import { configurationRows, knownVariables, strangeVariables } from './rows.ts'
import { tomlLines } from './toml-lines.ts'

/** What `config` prints. */
export function showConfiguration(context: Context, { all, json }: { all: boolean; json: boolean }): void {
  const { origins, print, notice } = context
  const aside: Ranked[] = []
  const standing = standingSettingsFor(
    origins.layers,
    () => context.storeUrl,
    setting => aside.push(setting),
  )
  const rows = configurationRows(origins, all, standing)
  const files = origins.files.map(({ path }) => path)
  if (json) print(jsonDocument('config', { files, settings: rows.map(row => ({ ...row })) }))
  else print(...fileComments(files), ...tomlLines(rows))
  for (const { source } of aside) {
    notice(
      `Warning: ${source} does not hold: it decides for everybody on the host. Ask an administrator to set it in ${HOST_FILES[0]}`,
    )
  }
  for (const name of strangeVariables(process.env)) {
    const meant = nearest(name, knownVariables())
    notice(
      `Warning: the variable ${name} means nothing to canhazgpu${meant ? `. Did you mean ${meant}?` : ''}`,
    )
  }
}

function fileComments(files: readonly string[]): string[] {
  if (files.length > 0) return files.map(path => `# Read: ${path}`)
  const places = [HOST_DIRECTORY, userDirectory(process.env)].filter(place => place !== null)
  return [
    `# No configuration file. Places for one: ${places.map(place => `${place}/config.toml`).join(', ')}`,
  ]
}
