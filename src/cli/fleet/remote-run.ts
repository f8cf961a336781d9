import { NoSuchHostError, UsageError } from '../../core/errors.ts'
import { isHostName } from '../../core/fleet.ts'
import type { Context } from '../command.ts'
import { globalOptions } from '../global-options.ts'
import { type Option, type Options, optionName } from '../options.ts'
import { findSettings, type Setting, settingsFor } from '../settings.ts'

/** Which host; what a host's own configuration says of itself; and files, which may not be there. */
const STAYS_HERE = new Set(['on', 'anywhere', 'store', 'storeFile', 'host', 'config'])

/**
 * The options of a `run` as they are said to canhazgpu on another host: those of the command line and of variables. What
 * stands in the configuration files of this host is for this host.
 */
export function handedOn(
  { origins: { given, layers } }: Context,
  command: string,
  options: Options,
): string[] {
  return [
    ...words(findSettings(options, given, settingsFor(options, command, layers)), options),
    ...words(findSettings(globalOptions, given, settingsFor(globalOptions, null, layers)), globalOptions),
  ]
}

function words(found: ReadonlyMap<string, Setting>, options: Options): string[] {
  return [...found]
    .filter(([key, { file }]) => !STAYS_HERE.has(key) && file === undefined)
    .map(([key, { text }]) => word(key, text, options[key]))
}

function word(key: string, text: string | null, option: Option<unknown> | undefined): string {
  const name = optionName(key)
  if (text === null || (text === 'false' && option?.bare !== undefined)) return `--no-${name.slice(2)}`
  return option?.placeholder === null ? name : `${name}=${text}`
}

/**
 * A host's name as it may stand on the command line of ssh: one that could be an option, or anything but a name, never gets
 * there. They come from a store that others write to.
 *
 * @throws {UsageError}
 */
export function sshName(host: string): string {
  if (isHostName(host)) return host
  throw new UsageError(
    `Host ${host} has no name that ssh can be given. Use lower-case letters, digits, "-" and "."`,
  )
}

/** @throws {NoSuchHostError} */
export function knownHost(name: string, hosts: readonly string[]): string {
  if (!hosts.includes(name)) throw new NoSuchHostError(name, hosts)
  return sshName(name)
}
