import { readText } from './libc/files.ts'
import { passwdName } from './libc/passwd.ts'

/** A user's name in the passwd database, or `uid 4999` for one that has none. Variables like $USER are never believed. */
export function userNameOf(uid: number): string {
  return passwdName(uid) ?? `uid ${uid}`
}

/** The user whom a process runs as (its real uid), null when the process is gone or hidden. */
export function processUid(pid: number): number | null {
  const uid = /^Uid:\s*(\d+)/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1]
  return uid === undefined ? null : Number(uid)
}

/** The name of that user. */
export function processOwner(pid: number): string | null {
  const uid = processUid(pid)
  return uid === null ? null : userNameOf(uid)
}
