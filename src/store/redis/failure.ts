import {
  StoreGarbledError,
  StoreRefusesError,
  StoreUnreachableError,
  type UserError,
} from '../../core/errors.ts'
import type { ConnectionError } from './connection.ts'
import type { ReplyError } from './reply.ts'
import type { RedisPlace } from './url.ts'

/** What a failed connection means to the person at the terminal. */
export function connectionFailure(
  { kind, reason }: ConnectionError,
  { shown }: RedisPlace,
  mayBeDone: boolean,
): UserError {
  const refuses = (what: string, next: string) => new StoreRefusesError(shown, what, next)
  switch (kind) {
    case 'untrusted':
      return refuses(
        `its TLS certificate or ours is not accepted (${reason})`,
        'check ca=, cert= and key=, and that the server speaks TLS',
      )
    case 'not-redis':
      return refuses(
        `this is no Redis server (${reason})`,
        'check the address, and whether it takes rediss://',
      )
    case 'file':
      return refuses(`the file ${reason} cannot be read`, 'check ca=, cert= and key=')
    default:
      return new StoreUnreachableError(shown, reason, mayBeDone)
  }
}

export function loginFailure(reply: ReplyError, place: RedisPlace): UserError {
  if (/DB index|SELECT is not allowed/.test(reply.text))
    return new StoreRefusesError(place.shown, `it has no database ${place.database}`, 'use /0')
  const isLogin = /^(WRONGPASS|NOPERM)|AUTH|invalid password/i.test(reply.text)
  return isLogin ? wrongPassword(place) : replyFailure(reply, place)
}

function wrongPassword({ shown, password }: RedisPlace): UserError {
  return password === null
    ? new StoreRefusesError(
        shown,
        'it wants a password',
        'put it into the URL, in CANHAZGPU_STORE or a file that CANHAZGPU_STORE_FILE names',
      )
    : new StoreRefusesError(shown, 'wrong user name or password', 'correct it where the URL is set')
}

function notPermitted(text: string, { shown }: RedisPlace): UserError {
  return new StoreRefusesError(
    shown,
    `this user has no permission (${text})`,
    'ask an administrator to allow what docs/fleet.md lists',
  )
}

/** Why a server that is there does nothing for anybody now; null for a refusal that would stay one. */
export function whyNotYet(reply: ReplyError): string | null {
  switch (reply.kind) {
    case 'LOADING':
      return 'it is still loading its data'
    case 'BUSY':
      return 'it is busy with a script of somebody else'
    case 'ASK':
    case 'TRYAGAIN':
      return 'its cluster is moving the key to another node'
    case 'CLUSTERDOWN':
      return 'its cluster is down'
    default:
      return null
  }
}

/** What the server's refusal to do something means. @param key the first key that it was about */
export function replyFailure(reply: ReplyError, place: RedisPlace, key = ''): UserError {
  const refuses = (what: string, next: string) => new StoreRefusesError(place.shown, what, next)
  const refusesNow = (what: string, next: string) => new StoreRefusesError(place.shown, what, next, true)
  const text = reply.text.replace(/ script: .*$/s, '')
  // An error inside of a script names its kind later in the line.
  const kind =
    /\b(NOPERM|WRONGTYPE|READONLY|OOM|MISCONF|NOAUTH|WRONGPASS|MASTERDOWN|MOVED|NOREPLICAS)\b/.exec(text)?.[1]
  switch (kind) {
    case 'NOAUTH':
    case 'WRONGPASS':
      return wrongPassword(place)
    case 'NOPERM':
      return notPermitted(text, place)
    case 'READONLY':
      return refusesNow('it is a read-only replica', 'use the address of the primary')
    case 'OOM':
      return refusesNow('its memory is full (maxmemory)', 'give it more, or ask an administrator')
    case 'MISCONF':
      return refusesNow('it cannot write to its disk', 'free some space there, or ask an administrator')
    case 'NOREPLICAS':
      return refusesNow('too few of its replicas are there', 'ask an administrator')
    case 'MASTERDOWN':
      return refusesNow('it is a replica without its primary', 'use the address of the primary')
    case 'MOVED':
      return refuses(
        `its cluster does not say on which node the key is (${text})`,
        'use the address of a node, and check cluster-announce-ip there',
      )
    case 'WRONGTYPE':
      return new StoreGarbledError(
        place.shown,
        /canhazgpu:\S+/.exec(text)?.[0] ?? key,
        'it is not of the type that canhazgpu keeps there',
      )
  }
  if (/can't (run this command|access)/.test(text)) return notPermitted(text, place)
  if (/unknown (redis )?command|invalid command/i.test(text))
    return refuses(`it does not know a command (${text})`, 'use Redis 6 or later, or Valkey')
  return refuses(text, 'ask an administrator')
}
