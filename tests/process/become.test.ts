import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answerOf, program } from '../helpers/programs.ts'
import { temporaryDirectory } from '../helpers/temporary.ts'

const directory = temporaryDirectory()
afterAll(() => directory[Symbol.dispose]())

function script(name: string, text: string): string {
  const path = join(directory.path, name)
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  return path
}

test('a process becomes a program: the pid, the name in front and the arguments are its own', async () => {
  const path = script('who', '#!/bin/sh\necho "$$ $PPID $0 $*"\n')
  const { command, env } = await program('processes')
  const child = Bun.spawn([...command, 'become', path, 'a', '', 'b c'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  expect(await child.stdout.text()).toBe(`${child.pid} ${process.pid} ${path} a  b c\n`)
  expect(await child.exited).toBe(0)
})

describe('a process that has become a program ends as the program does', () => {
  beforeAll(() => program('processes'))

  test.each([
    ['exit 0', 0, null],
    ['exit 41', 41, null],
    ['kill -TERM $$', null, 'SIGTERM'],
    ['kill -KILL $$', null, 'SIGKILL'],
    ['kill -PIPE $$', null, 'SIGPIPE'],
  ])('%s', async (line, status, signal) => {
    const { command, env } = await program('processes')
    const child = Bun.spawn([...command, 'become', '/bin/sh', '-c', line], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await child.exited
    expect([child.exitCode, child.signalCode]).toEqual([status, signal as NodeJS.Signals | null])
  })
})

test('a script without a #! line is the shell’s to run', async () => {
  const path = script('plain', 'echo "$0 $#"\n')
  expect(await answerOf('processes', ['become', path, 'a', 'b'])).toBe(`${path} 2`)
})

test.each([
  [
    'whose interpreter does not exist',
    '#!/nowhere/interpreter\n',
    'its interpreter (the #! line) does not exist',
  ],
  ['whose interpreter is a directory', '#!/usr\n', 'Permission denied'],
])('a script %s is refused, and the process goes on', async (name, text, reason) => {
  const path = script(name.replaceAll(' ', '-'), text)
  expect(JSON.parse(await answerOf('processes', ['become', path]))).toEqual({ status: 126, reason })
})
