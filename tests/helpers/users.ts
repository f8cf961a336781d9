import { afterAll } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'

/** A real user of this machine. */
export interface User {
  readonly name: string
  readonly uid: number
}

/** Whether this test run may make users: the tests that need them are skipped where it may not. */
export const canMakeUsers = process.getuid?.() === 0

/** The user who runs the tests, as the passwd database names them. */
export const ownName = must(['id', '-un'])

/** All files of a test run are one process: each set of users has names of its own. */
let made = 0

/**
 * Makes real users for the tests of one file; they are removed when its tests are done. Where that cannot be, the users are
 * nobody: the bodies of skipped groups are run, too.
 */
export function makeUsers<const Names extends readonly string[]>(
  ...names: Names
): { [K in keyof Names]: User } {
  if (canMakeUsers && made === 0) removeUsersOfDeadRuns()
  const users = names.map(name => {
    if (!canMakeUsers) return { name, uid: Number.NaN }
    const unique = `chg-${name}-${process.pid}-${++made}`
    must(['useradd', '--no-create-home', '--shell', '/bin/sh', unique])
    return { name: unique, uid: Number(must(['id', '-u', unique])) }
  })
  afterAll(() => {
    if (!canMakeUsers) return
    // By force, because a process of theirs may still be about to end.
    for (const { name } of users) must(['userdel', '--force', name])
  })
  return users as { [K in keyof Names]: User }
}

/** A test run that is ended by force (Ctrl-C) leaves its users behind; the next one removes them. */
function removeUsersOfDeadRuns(): void {
  // Another test run may do the same at the same time.
  for (const [, name = '', pid] of readFileSync('/etc/passwd', 'utf8').matchAll(/^(chg-\w+-(\d+)-\d+):/gm))
    if (!existsSync(`/proc/${pid}`)) Bun.spawnSync(['userdel', '--force', name])
}

function must(command: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command)
  if (exitCode !== 0) throw new Error(`${command.join(' ')}: ${stderr}`)
  return stdout.toString().trim()
}
