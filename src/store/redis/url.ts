import { UsageError } from '../../core/errors.ts'
import { isHostName } from '../../core/fleet.ts'
import { machineName } from './machine.ts'

/** Where a Redis server is, who we are to it, and the host whose pool is meant. */
export interface RedisPlace {
  readonly target:
    | { readonly kind: 'tcp'; readonly hostname: string; readonly port: number }
    | { readonly kind: 'unix'; readonly path: string }
  readonly user: string | null
  readonly password: string | null
  readonly database: number
  /** null for a connection that is not encrypted; the paths of PEM files, null for what the system trusts, or for none. */
  readonly tls: {
    readonly ca: string | null
    readonly cert: string | null
    readonly key: string | null
  } | null
  readonly host: string
  /** For people, and for command lines: without the password. */
  readonly shown: string
}

const DEFAULT_PORT = 6379
/** Scheme, login and server, path, query. */
const PARTS = /^(rediss?|redis\+unix):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/

const FORMS = 'redis://USER:PASSWORD@SERVER:6379/0, rediss://… or redis+unix:///PATH?db=0'
const FILE_OPTIONS = ['ca', 'cert', 'key']
const QUERY_OPTIONS = ['host', 'db', ...FILE_OPTIONS]

/**
 * Reads the URL of a store on Redis. Behind `?` stand options: `host=` (whose pool), `db=`, and with `rediss:` the PEM files
 * `ca=`, `cert=` and `key=`.
 *
 * @throws {UsageError} which never tells the password
 */
export function parseRedisUrl(text: string): RedisPlace {
  const [, scheme = '', authority = '', path = '', query = ''] = PARTS.exec(text) ?? []
  const options = new URLSearchParams(query)
  const option = (name: string): string | null => options.get(name) || null
  const [login, server] = splitAtLast(authority, '@')
  const isUnix = scheme === 'redis+unix'
  const target = isUnix ? unixTarget(server, path) : tcpTarget(server)
  if (scheme === '' || !target) throw invalid(text)

  const strange = [...options.keys()].find(name => !QUERY_OPTIONS.includes(name))
  // It may be half of a password that was not encoded.
  if (strange !== undefined) throw invalid(text, query.includes('@') ? '' : `It has no option ${strange}`)
  const database = option('db') ?? (isUnix ? '0' : path.slice(1) || '0')
  if (!/^\d{1,4}$/.test(database)) throw invalid(text, 'The number of the database stands behind the last /')
  const tls = { ca: option('ca'), cert: option('cert'), key: option('key') }
  if (scheme !== 'rediss' && (tls.ca || tls.cert || tls.key))
    throw invalid(text, 'Certificates are for rediss:')
  if ((tls.cert === null) !== (tls.key === null))
    throw invalid(text, 'A certificate and its key go together: cert= and key=')

  const colon = login.indexOf(':')
  return {
    target,
    user: decoded(colon < 0 ? login : login.slice(0, colon)) || null,
    password: colon < 0 ? null : decoded(login.slice(colon + 1)) || null,
    database: Number(database),
    tls: scheme === 'rediss' ? tls : null,
    host: option('host') ?? '',
    shown: withoutLogin(text),
  }
}

function unixTarget(server: string, path: string): RedisPlace['target'] | null {
  return server === '' && path.length > 1 ? { kind: 'unix', path: decoded(path) } : null
}

/** `server`, `server:6379`, `[::1]:6379`; null for what is none. */
export function tcpTarget(server: string): RedisPlace['target'] | null {
  const [, inBrackets, name = inBrackets, port = String(DEFAULT_PORT)] =
    /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(server) ?? []
  const isPort = Number(port) > 0 && Number(port) < 65_536
  const isName = inBrackets === undefined || URL.canParse(`redis://[${inBrackets}]`)
  return name && isPort && isName ? { kind: 'tcp', hostname: name.toLowerCase(), port: Number(port) } : null
}

function splitAtLast(text: string, separator: string): [before: string, after: string] {
  const at = text.lastIndexOf(separator)
  return at < 0 ? ['', text] : [text.slice(0, at), text.slice(at + 1)]
}

/** The URL as it may be seen by everybody; of what is none, no more than cannot be a part of a password. */
export function withoutPassword(text: string): string {
  try {
    return parseRedisUrl(text).shown
  } catch {
    return withoutSecrets(text)
  }
}

/** Whether a URL that can be understood holds a password. */
export function hasPassword(text: string): boolean {
  try {
    return parseRedisUrl(text).password !== null
  } catch {
    return false
  }
}

/** A URL that can be understood, without its password. */
function withoutLogin(text: string): string {
  // Up to the last @ before the path: a password that was not encoded may hold one itself.
  return text.replace(/^([\w+]+:\/\/)([^/?#]*)@/s, (_, scheme: string, login: string) => {
    const user = login.split(':')[0] ?? ''
    return user === '' ? scheme : `${scheme}${user}@`
  })
}

/** A text that is no URL of ours: a password in it may hold anything, and may stand in an option of somebody else's URLs. */
function withoutSecrets(text: string): string {
  return text
    .replace(/^(\s*\w[\w+]*:\/*)?(.*)@/s, (_, scheme: string | undefined, login: string) => {
      const user = /^([^:/?#@\s]+):/.exec(login)?.[1] ?? ''
      return (scheme ?? '') + (user === '' ? '' : `${user}@`)
    })
    .replace(/\?.*$/s, '?…')
}

/** The URL of the same store, with the host whose pool is meant. */
function withHost(text: string, host: string): string {
  const [base = '', query = ''] = text.split('?')
  const options = new URLSearchParams(query)
  options.set('host', host)
  return `${base}?${options}`
}

/** The URL with absolute paths of certificates and keys; relative ones count from a directory. */
export function withFilesIn(directory: string, text: string): string {
  const [base = '', query = ''] = text.split('?')
  const options = new URLSearchParams(query)
  const relative = FILE_OPTIONS.filter(name => /^[^/]/.test(options.get(name) ?? ''))
  if (relative.length === 0) return text
  for (const name of relative) options.set(name, `${directory.replace(/\/*$/, '')}/${options.get(name)}`)
  return `${base}?${options}`
}

/** The host whose pool a URL names, null when it names none. */
export function hostIn(text: string): string | null {
  return new URLSearchParams(text.split('?')[1]).get('host')
}

/**
 * The URL of a host's pool.
 *
 * @param host null for the one that the URL names, else this machine
 * @throws {UsageError} when the name cannot be a host's
 */
export function ofHost(text: string, host: string | null): string {
  return withHost(text, checkedHost(host ?? (hostIn(text) || machineName())))
}

/** Whether two URLs name the same host's pool, whoever logs in. */
export function isSamePlace(one: string, other: string): boolean {
  const place = (text: string) => {
    const { target, database, host } = parseRedisUrl(text)
    return JSON.stringify([target, database, host])
  }
  return place(one) === place(other)
}

/** @throws {UsageError} for what cannot be the name of a host */
export function checkedHost(host: string): string {
  if (isHostName(host)) return host
  throw new UsageError(
    `Invalid host: "${host}". Use lower-case letters, digits, "-" and ".", for example --host gpu1`,
  )
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function invalid(text: string, reason = ''): UsageError {
  const why = reason === '' ? '' : `${reason}. `
  return new UsageError(
    `Invalid store: "${withoutSecrets(text)}". ${why}Use ${FORMS}; what is no letter or digit in a password is written as %XX`,
  )
}
