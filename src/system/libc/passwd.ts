/** The passwd database: files, LDAP, whatever the host is set up for. */

import { addressIn, bound, textAt } from './library.ts'

const c = bound({
  getpwuid: { args: ['u32'], returns: 'ptr' },
})

/** The name of a user, null when there is no such user. */
export function passwdName(uid: number): string | null {
  return fieldOf(uid, 0)
}

/** The home directory of a user, null when there is none. */
export function passwdHome(uid: number): string | null {
  // pw_dir comes behind two pointers, two ids and pw_gecos.
  return fieldOf(uid, 4 * 8) || null
}

/** The login shell of a user, null when there is none. */
export function passwdShell(uid: number): string | null {
  return fieldOf(uid, 5 * 8) || null
}

/** A text in struct passwd, by the place of its pointer. */
function fieldOf(uid: number, offset: number): string | null {
  const entry = c().getpwuid(uid)
  return entry === null ? null : textAt(addressIn(entry, offset))
}
