import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandNotExecutableError, CommandNotFoundError } from '../../src/core/errors.ts'
import { findExecutable } from '../../src/process/executable.ts'
import { answerOf } from '../helpers/programs.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'
import { thrownBy } from '../helpers/thrown.ts'
import { canMakeUsers, makeUsers } from '../helpers/users.ts'

const directory = temporaryDirectory()
afterAll(() => directory[Symbol.dispose]())

/** What can stand under a name in a directory of PATH. */
const kinds = {
  program: (path: string) => {
    writeFileSync(path, '#!/bin/sh\nprintf %s "$0"\n')
    chmodSync(path, 0o755)
  },
  'no program': (path: string) => writeFileSync(path, 'text'),
  directory: (path: string) => mkdirSync(path),
  'dangling link': (path: string) => symlinkSync('/nowhere/at/all', path),
  nothing: () => {},
}

/** A directory in which `tool` is of a kind. */
function holding(kind: keyof typeof kinds): string {
  const path = join(directory.path, kind.replace(' ', '-'))
  mkdirSync(path, { recursive: true })
  return path
}

for (const [kind, make] of Object.entries(kinds)) make(join(holding(kind as keyof typeof kinds), 'tool'))
const aFile = join(directory.path, 'a-file')
writeFileSync(aFile, '')

const directories = [
  ...Object.keys(kinds).map(kind => holding(kind as keyof typeof kinds)),
  aFile,
  '/nowhere/at/all',
]
const pairs = directories.flatMap(first => directories.map(second => `${first}:${second}`))

/** What the real shell makes of a command: the file that it runs, or the status with which it refuses. */
function byShell(name: string | Buffer, path: string | undefined, cwd = '/'): string | number {
  const { exitCode, stdout } = Bun.spawnSync(['/bin/sh', '-c', 'exec "$1"', 'sh', name.toString()], {
    env: path === undefined ? {} : { PATH: path },
    cwd,
    stderr: 'ignore',
  })
  return exitCode === 0 ? stdout.toString() : exitCode
}

function byUs(name: string, path: string | undefined): string | number {
  try {
    return Buffer.from(
      findExecutable(Buffer.from(name), path === undefined ? path : Buffer.from(path)),
    ).toString()
  } catch (error) {
    if (error instanceof CommandNotFoundError || error instanceof CommandNotExecutableError)
      return error.exitStatus
    throw error
  }
}

describe('a name is looked for on PATH as the shell does it', () => {
  test('whatever stands under it in two directories', () => {
    const ours = pairs.map(path => [path, byUs('tool', path)])
    expect(ours).toEqual(pairs.map(path => [path, byShell('tool', path)]))
    // It is not one answer to all of them.
    expect(new Set(ours.map(([, answer]) => answer)).size).toBe(3)
  })

  test.each(['program/tool', 'no program/tool', 'directory/tool', 'nothing/tool', 'nothing/at/all'])(
    'and taken as a path when it has a slash, or refused: %j',
    place => {
      const name = join(directory.path, place.replace('no program', 'no-program'))
      expect(byUs(name, holding('program'))).toEqual(byShell(name, holding('program')))
    },
  )

  test.each([
    ['in front', (path: string) => `:${path}`],
    ['behind', (path: string) => `${path}:`],
    ['in between', (path: string) => `${path}::${path}`],
    ['and nothing else', () => ''],
  ])('and in the current directory for an empty entry %s', (_, pathWith) => {
    const before = process.cwd()
    const cwd = holding('program')
    process.chdir(cwd)
    try {
      const path = pathWith(holding('nothing'))
      expect(byUs('tool', path)).toBe('./tool')
      expect(byShell('tool', path, cwd)).toEndWith('tool')
    } finally {
      process.chdir(before)
    }
  })
})

test('an empty name is no command', () => {
  expect(byUs('', holding('program'))).toBe(127)
})

test('without PATH the places of the system are searched', () => {
  expect(['/bin/sh', '/usr/bin/sh']).toContain(String(byUs('sh', undefined)))
})

test('names and directories need not be UTF-8', () => {
  const bytes = Buffer.from([0xff, 0x80, 0xc3])
  const place = Buffer.concat([Buffer.from(`${directory.path}/`), bytes])
  const file = Buffer.concat([place, Buffer.from('/'), bytes])
  mkdirSync(place)
  writeFileSync(file, '')
  chmodSync(file, 0o755)
  const path = Buffer.concat([Buffer.from('/nowhere:'), place])
  expect(Buffer.from(findExecutable(bytes, path)).equals(file)).toBe(true)
})

test('the refusals say what was asked for, and why not', () => {
  const find = (name: string) => () => findExecutable(Buffer.from(name), Buffer.from(directories.join(':')))
  expect(thrownBy(find('no-such-tool'), CommandNotFoundError)).toMatchObject({ command: 'no-such-tool' })
  const inPath = (path: string) => () => findExecutable(Buffer.from('tool'), Buffer.from(path))
  expect(thrownBy(inPath(holding('no program')), CommandNotExecutableError)).toMatchObject({
    command: 'tool',
    reason: 'Permission denied',
  })
  expect(thrownBy(inPath(holding('directory')), CommandNotExecutableError)).toMatchObject({
    command: 'tool',
    reason: 'it is a directory',
  })
})

describe.skipIf(!canMakeUsers)('for a user', () => {
  const [alice] = makeUsers('alice')

  test('what only others may execute is not found executable, and the search goes on', async () => {
    const place = join(directory.path, 'of-root')
    mkdirSync(place)
    kinds.program(join(place, 'tool'))
    chmodSync(join(place, 'tool'), 0o700)
    const find = (path: string) => answerOf('processes', ['find', 'tool', path], { uid: alice.uid })
    expect(JSON.parse(await find(place))).toEqual({ status: 126, reason: 'Permission denied' })
    expect(JSON.parse(await find(`${place}:${holding('program')}`))).toBe(join(holding('program'), 'tool'))
  })
})
