import { ConfigUnreadableError } from '../../core/errors.ts'
import { inheritedDescriptors } from '../../process/inherited.ts'
import { isThere, readRegularFile } from '../../system/libc/files.ts'
import { EACCES, EFBIG, ENOENT, ENOTDIR, ESPIPE, errorText } from '../../system/libc/library.ts'
import { passwdHome } from '../../system/libc/passwd.ts'
import type { Layer, Setting } from '../settings.ts'

/** A file that was read, and what it sets. */
export interface ConfigFile {
  readonly path: string
  readonly layer: Layer
}

type Variables = Readonly<Record<string, string | undefined>>

export const HOST_DIRECTORY = '/etc/canhazgpu'
const NAMES = ['config.toml', 'config.json']
export const HOST_FILES: readonly string[] = NAMES.map(name => `${HOST_DIRECTORY}/${name}`)
/** No configuration is longer; what is longer is something else. */
const MOST_BYTES = 1 << 16

/**
 * The configuration files that hold, the later ones winning: the host's, the user's, the one that is asked for. Never one
 * from the current directory, which may be anybody's.
 *
 * @param named `--config` or its variable
 * @throws {UserError} for a file that is there but cannot be used, or was asked for and is not there
 */
export function configFiles(named: Setting | undefined, env: Variables): ConfigFile[] {
  const own = userDirectory(env)
  const files = [...filesIn(HOST_DIRECTORY), ...(own === null ? [] : filesIn(own))]
  if (named?.text) files.push(namedFile(named.text, named.source))
  return files
}

/** Where a user keeps it: below $XDG_CONFIG_HOME, which counts only when it is absolute, else below ~/.config. */
export function userDirectory({ XDG_CONFIG_HOME: config, HOME: variable }: Variables): string | null {
  if (config?.startsWith('/')) return `${config}/canhazgpu`
  const home = variable?.startsWith('/') ? variable : homeInPasswd()
  return home === null ? null : `${home}/.config/canhazgpu`
}

function homeInPasswd(): string | null {
  // A name service may open descriptors, which must not pass for the caller's.
  inheritedDescriptors()
  return passwdHome(process.getuid?.() ?? 0)
}

function filesIn(directory: string): ConfigFile[] {
  const found = NAMES.map(name => `${directory}/${name}`)
    .map(path => ({ path, content: readRegularFile(path, MOST_BYTES) }))
    .filter(({ path, content }) => typeof content !== 'number' || !isMissing(path, content))
  const [first, second] = found
  if (first && second)
    throw new ConfigUnreadableError(second.path, `${first.path} is there, too`, 'Keep one of the two')
  if (!first) return []
  return [configFile(first.path, first.content, 'Ask its owner to make it readable, or to take it away')]
}

/** Also a file in a directory that the user may not look into (somebody else's home, after sudo) is no file of theirs. */
function isMissing(path: string, error: number): boolean {
  return error === ENOENT || error === ENOTDIR || (error === EACCES && !isThere(path))
}

function namedFile(path: string, source: string): ConfigFile {
  const next = `Check ${source}`
  if (!/\.(toml|json)$/.test(path))
    throw new ConfigUnreadableError(path, 'its name does not end in .toml or .json', next)
  if (!path.startsWith('/') && source !== '--config')
    throw new ConfigUnreadableError(path, 'a variable must hold an absolute path', next)
  return configFile(path, readRegularFile(path, MOST_BYTES), next)
}

function configFile(path: string, content: Uint8Array | number, next: string): ConfigFile {
  if (typeof content === 'number') throw new ConfigUnreadableError(path, reasonOf(content), next)
  // Loaded only where there is a file: without one, this costs the start of every command nothing but a few opens.
  const { readConfiguration } = require('./read-file.ts') as typeof import('./read-file.ts')
  return { path, layer: readConfiguration(path, content) }
}

function reasonOf(error: number): string {
  if (error === ESPIPE) return 'it is not a regular file'
  if (error === EFBIG) return 'it is larger than 64 KiB'
  return errorText(error)
}
